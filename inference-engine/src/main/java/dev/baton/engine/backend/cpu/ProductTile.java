package dev.baton.engine.backend.cpu;

import static dev.baton.engine.backend.cpu.NativeMemory.floats;
import static dev.baton.engine.backend.cpu.ProductScratch.STRIDE;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The innermost product: two rows of activations by five rows of weights over one chunk of columns,
 * both f32 with {@link ProductScratch#STRIDE} elements between rows.
 *
 * <p>Implementation note. Two by five sums keep two multiply-add units of four cycles' latency busy
 * with seven loads for ten multiply-adds, and stay within the 16 vector registers of AVX2. Smaller
 * tiles are slower by half: the compiler unrolls their loop and then spills. Vectors run along the
 * columns, as both sides are stored, so that nothing is transposed; lanes are added up once a
 * chunk.
 */
final class ProductTile {
  /** Rows of activations. */
  static final int ROWS = 2;

  /** Rows of weights, columns of the result. */
  static final int COLUMNS = 5;

  private ProductTile() {}

  /**
   * {@code tile[r][c] = Σ_i x[r][i] w[c][i]}.
   *
   * @param memory holds x, w and tile ([2][5]), at these indexes
   * @param columns length of the chunk, whole vectors
   */
  static void multiply(float[] memory, int x, int w, int columns, int tile) {
    FloatVector a0 = FloatVector.zero(Lanes.SPECIES);
    FloatVector a1 = a0;
    FloatVector a2 = a0;
    FloatVector a3 = a0;
    FloatVector a4 = a0;
    FloatVector b0 = a0;
    FloatVector b1 = a0;
    FloatVector b2 = a0;
    FloatVector b3 = a0;
    FloatVector b4 = a0;
    for (int i = 0; i < columns; i += Lanes.COUNT) {
      FloatVector w0 = floats(memory, w + i);
      FloatVector w1 = floats(memory, w + STRIDE + i);
      FloatVector w2 = floats(memory, w + 2 * STRIDE + i);
      FloatVector w3 = floats(memory, w + 3 * STRIDE + i);
      FloatVector w4 = floats(memory, w + 4 * STRIDE + i);
      FloatVector xa = floats(memory, x + i);
      a0 = w0.fma(xa, a0);
      a1 = w1.fma(xa, a1);
      a2 = w2.fma(xa, a2);
      a3 = w3.fma(xa, a3);
      a4 = w4.fma(xa, a4);
      FloatVector xb = floats(memory, x + STRIDE + i);
      b0 = w0.fma(xb, b0);
      b1 = w1.fma(xb, b1);
      b2 = w2.fma(xb, b2);
      b3 = w3.fma(xb, b3);
      b4 = w4.fma(xb, b4);
    }
    memory[tile] = a0.reduceLanes(VectorOperators.ADD);
    memory[tile + 1] = a1.reduceLanes(VectorOperators.ADD);
    memory[tile + 2] = a2.reduceLanes(VectorOperators.ADD);
    memory[tile + 3] = a3.reduceLanes(VectorOperators.ADD);
    memory[tile + 4] = a4.reduceLanes(VectorOperators.ADD);
    memory[tile + 5] = b0.reduceLanes(VectorOperators.ADD);
    memory[tile + 6] = b1.reduceLanes(VectorOperators.ADD);
    memory[tile + 7] = b2.reduceLanes(VectorOperators.ADD);
    memory[tile + 8] = b3.reduceLanes(VectorOperators.ADD);
    memory[tile + 9] = b4.reduceLanes(VectorOperators.ADD);
  }
}
