package dev.baton.engine.tensor;

import org.jspecify.annotations.Nullable;

/**
 * How a tensor's elements are stored. Quantised types store runs of {@link #blockElements()}
 * consecutive elements of a row as one block of {@link #blockBytes()} bytes.
 *
 * <p>Ids and sizes are ggml's ({@code enum ggml_type}), which GGUF files use.
 */
public enum TensorType {
  F32(0, 1, 4),
  F16(1, 1, 2),
  BF16(30, 1, 2),
  Q8_0(8, 32, 34),
  Q4_0(2, 32, 18),
  Q4_1(3, 32, 20),
  Q5_0(6, 32, 22),
  Q5_1(7, 32, 24),
  Q4_K(12, 256, 144),
  Q5_K(13, 256, 176),
  Q6_K(14, 256, 210);

  private final int ggmlId;
  private final int blockElements;
  private final int blockBytes;

  TensorType(int ggmlId, int blockElements, int blockBytes) {
    this.ggmlId = ggmlId;
    this.blockElements = blockElements;
    this.blockBytes = blockBytes;
  }

  /** The type's number in a GGUF file. */
  public int ggmlId() {
    return ggmlId;
  }

  /** Elements that one block encodes; 1 for the plain types. */
  public int blockElements() {
    return blockElements;
  }

  /** Bytes of one block. */
  public int blockBytes() {
    return blockBytes;
  }

  /** Whether values are rounded to a block's own grid rather than to a floating-point format. */
  public boolean isQuantised() {
    return blockElements > 1;
  }

  /**
   * Bytes that {@code elementCount} consecutive elements take.
   *
   * @throws IllegalArgumentException when the count is no multiple of {@link #blockElements()}
   * @throws ArithmeticException when the size exceeds a {@code long}
   */
  public long sizeBytes(long elementCount) {
    if (elementCount % blockElements != 0) {
      throw new IllegalArgumentException(
          "%s stores %d elements a block; %d is no multiple"
              .formatted(this, blockElements, elementCount));
    }
    return Math.multiplyExact(elementCount / blockElements, blockBytes);
  }

  /** The type with this number, or null when Baton does not know it. */
  public static @Nullable TensorType ofGgmlId(int ggmlId) {
    for (TensorType type : values()) {
      if (type.ggmlId == ggmlId) {
        return type;
      }
    }
    return null;
  }
}
