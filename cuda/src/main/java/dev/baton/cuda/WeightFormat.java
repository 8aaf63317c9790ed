package dev.baton.cuda;

import java.util.Locale;

/**
 * How the elements of a weight matrix are stored on the GPU ({@code cuda/include/weights.h}). Plain
 * formats are row-major as in the model's file; block formats are repacked into planes when they
 * are uploaded, in supers of {@value #SUPER} columns.
 */
public enum WeightFormat {
  F32(4, 1, 4),
  F16(2, 1, 2),
  BF16(2, 1, 2),
  Q8_0(34, 32, 32, 0, 16, false),
  Q4_0(18, 32, 16, 0, 16, false),
  Q4_1(20, 32, 16, 0, 32, true),
  Q5_0(22, 32, 16, 4, 16, false),
  Q5_1(24, 32, 16, 4, 32, true),
  Q4_K(144, 256, 16, 0, 20, true),
  Q5_K(176, 256, 16, 4, 20, true),
  Q6_K(210, 256, 16, 8, 20, false);

  private static final int SUPER = 256;
  private static final int LANES = 8; // four lanes of two units, a super

  private final int fileBlockBytes;
  private final int fileBlockElements;
  private final int superBytes; // 0 for plain formats
  private final int elementBytes;
  private final boolean minima;

  WeightFormat(int fileBlockBytes, int fileBlockElements, int elementBytes) {
    this.fileBlockBytes = fileBlockBytes;
    this.fileBlockElements = fileBlockElements;
    this.elementBytes = elementBytes;
    superBytes = 0;
    minima = false;
  }

  WeightFormat(
      int fileBlockBytes,
      int fileBlockElements,
      int quantBytes,
      int extraBytes,
      int scaleBytes,
      boolean minima) {
    this.fileBlockBytes = fileBlockBytes;
    this.fileBlockElements = fileBlockElements;
    this.minima = minima;
    superBytes = LANES * (quantBytes + extraBytes) + scaleBytes;
    elementBytes = 0;
  }

  /** Whether an upload repacks it. */
  public boolean packed() {
    return superBytes > 0;
  }

  /** Whether its blocks have minima, which products pay for with sums of the activations. */
  boolean minima() {
    return minima;
  }

  /** Bytes of a row in the model's file. */
  public long fileRowBytes(int columns) {
    return (long) columns / fileBlockElements * fileBlockBytes;
  }

  /** Bytes of a matrix on the GPU. */
  public long deviceBytes(long rows, int columns) {
    return packed()
        ? rows * Math.ceilDiv(columns, SUPER) * superBytes
        : rows * columns * elementBytes;
  }

  String suffix() {
    return name().toLowerCase(Locale.ROOT);
  }
}
