package dev.baton.cuda;

/** A weight matrix {@code [rows, columns]} on the GPU: outputs by inputs. */
public record WeightMatrix(WeightFormat format, DeviceBuffer data, int rows, int columns) {
  /** What 16-byte loads of activations and weights ask of a row. */
  public static final int COLUMN_MULTIPLE = 8;

  public WeightMatrix {
    if (rows < 1 || columns < 1 || columns % COLUMN_MULTIPLE != 0) {
      throw new IllegalArgumentException(
          "a matrix of %d x %d: columns come in multiples of %d"
              .formatted(rows, columns, COLUMN_MULTIPLE));
    }
    data.require(format.deviceBytes(rows, columns), "weights");
  }
}
