package dev.baton.engine.backend.cpu;

import dev.baton.engine.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * The weights of one linear layer, or of several with the same inputs side by side, and their
 * product with activations: {@code Y[rows, N] = X[rows, K] Wᵀ}, f32.
 */
sealed interface Linear permits VectorLinear, NativeLinear {
  int inputs();

  int outputs();

  /** Bytes of the weights that a product reads. */
  long bytes();

  /**
   * Multiplies.
   *
   * @param x [rows, inputs] f32, row-major, off-heap
   * @param y [rows, outputs] f32, row-major, off-heap, receives the product; not overlapping x
   */
  void multiply(ComputePool pool, MemorySegment x, int rows, MemorySegment y);

  /**
   * Inputs of matrices side by side.
   *
   * @throws IllegalArgumentException when they differ
   */
  static int sharedInputs(List<Tensor> weights) {
    Tensor first = weights.getFirst();
    for (Tensor weight : weights) {
      if (weight.columns() != first.columns()) {
        throw new IllegalArgumentException(
            "%s has %d columns and %s has %d: layers side by side need the same inputs"
                .formatted(first.name(), first.columns(), weight.name(), weight.columns()));
      }
    }
    return first.columns();
  }

  /** Address of {@code [rows, columns]} f32 in {@code segment}, which is checked to hold them. */
  static long address(MemorySegment segment, int rows, int columns, String name) {
    long bytes = (long) rows * columns * Float.BYTES;
    if (rows < 1 || !segment.isNative() || segment.byteSize() < bytes) {
      throw new IllegalArgumentException(
          "%s of [%d, %d] f32 needs %d bytes off the heap, got %s"
              .formatted(name, rows, columns, bytes, segment));
    }
    return segment.address();
  }
}
