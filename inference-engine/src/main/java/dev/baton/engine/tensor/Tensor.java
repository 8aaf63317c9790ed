package dev.baton.engine.tensor;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;

/**
 * A named array of numbers in memory, row-major: {@link #rows()} rows of {@link #columns()}
 * elements. A weight matrix has one row per output feature and one column per input feature.
 *
 * @param shape lengths in GGUF order, innermost dimension first
 * @param data exactly the tensor's bytes, little-endian, in the layout of {@link BlockFormats}; for
 *     a tensor of a file, a view of the mapping that is valid until the file is closed
 */
public record Tensor(String name, TensorType type, List<Long> shape, MemorySegment data) {
  public Tensor {
    Objects.requireNonNull(name);
    shape = List.copyOf(shape);
    long elements = 1;
    for (long length : shape) {
      if (length < 1) {
        throw new IllegalArgumentException(name + ": shape " + shape + " has an empty dimension");
      }
      elements = Math.multiplyExact(elements, length);
    }
    long innermost = shape.isEmpty() ? 1 : shape.getFirst();
    if (innermost > Integer.MAX_VALUE || elements / innermost > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(name + ": shape " + shape + " exceeds 2^31 rows/columns");
    }
    long expected = elements / innermost * type.sizeBytes(innermost);
    if (data.byteSize() != expected) {
      throw new IllegalArgumentException(
          "%s: %s of shape %s takes %d bytes, not %d"
              .formatted(name, type, shape, expected, data.byteSize()));
    }
  }

  /** Length of the innermost dimension: K of a weight matrix, the length of a vector. */
  public int columns() {
    return shape.isEmpty() ? 1 : Math.toIntExact(shape.getFirst());
  }

  /** Product of the other dimensions; 1 for a vector. */
  public int rows() {
    return Math.toIntExact(elementCount() / columns());
  }

  public long elementCount() {
    long count = 1;
    for (long length : shape) {
      count *= length;
    }
    return count;
  }

  /** Bytes of one row; rows follow each other without gaps. */
  public long rowBytes() {
    return type.sizeBytes(columns());
  }

  /** Dequantises row {@code row} into {@code target[targetOffset .. + columns())}. */
  public void readRow(int row, float[] target, int targetOffset) {
    Objects.checkIndex(row, rows());
    BlockFormats.dequantize(type, data, row * rowBytes(), target, targetOffset, columns());
  }

  /** All elements, dequantised; for vectors and small matrices. */
  public float[] toFloats() {
    float[] values = new float[Math.toIntExact(elementCount())];
    BlockFormats.dequantize(type, data, 0, values, 0, values.length);
    return values;
  }

  @Override
  public String toString() {
    return "Tensor[%s, %s, %s]".formatted(name, type, shape);
  }
}
