package dev.baton.engine.backend.cpu;

import static dev.baton.engine.backend.cpu.NativeMemory.VECTOR_BYTES;
import static dev.baton.engine.backend.cpu.NativeMemory.floats;
import static dev.baton.engine.backend.cpu.NativeMemory.put;
import static dev.baton.engine.backend.cpu.ProductScratch.STRIDE;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The innermost product: a few rows of activations by three rows of weights over one chunk of
 * columns, both f32 with {@link ProductScratch#STRIDE} bytes between rows.
 *
 * <p>Implementation note. Four by three sums, three weights and one activation are the 16 vector
 * registers of AVX2: twelve multiply-adds for seven loads. Vectors run along the columns, as both
 * sides are stored, so that nothing is transposed; lanes are added up once a chunk.
 */
final class ProductTile {
  /** Rows of activations. */
  static final int ROWS = 4;

  /** Rows of weights, columns of the result. */
  static final int COLUMNS = 3;

  private ProductTile() {}

  /**
   * {@code tile[r][c] = Σ_i x[r][i] w[c][i]}.
   *
   * @param bytes length of the chunk, whole vectors
   * @param tile receives [4][3] f32
   */
  static void fourRows(long x, long w, int bytes, long tile) {
    FloatVector a0 = FloatVector.zero(Lanes.SPECIES);
    FloatVector a1 = a0;
    FloatVector a2 = a0;
    FloatVector b0 = a0;
    FloatVector b1 = a0;
    FloatVector b2 = a0;
    FloatVector c0 = a0;
    FloatVector c1 = a0;
    FloatVector c2 = a0;
    FloatVector d0 = a0;
    FloatVector d1 = a0;
    FloatVector d2 = a0;
    for (int i = 0; i < bytes; i += VECTOR_BYTES) {
      FloatVector w0 = floats(w + i);
      FloatVector w1 = floats(w + STRIDE + i);
      FloatVector w2 = floats(w + 2 * STRIDE + i);
      FloatVector xa = floats(x + i);
      a0 = w0.fma(xa, a0);
      a1 = w1.fma(xa, a1);
      a2 = w2.fma(xa, a2);
      FloatVector xb = floats(x + STRIDE + i);
      b0 = w0.fma(xb, b0);
      b1 = w1.fma(xb, b1);
      b2 = w2.fma(xb, b2);
      FloatVector xc = floats(x + 2 * STRIDE + i);
      c0 = w0.fma(xc, c0);
      c1 = w1.fma(xc, c1);
      c2 = w2.fma(xc, c2);
      FloatVector xd = floats(x + 3 * STRIDE + i);
      d0 = w0.fma(xd, d0);
      d1 = w1.fma(xd, d1);
      d2 = w2.fma(xd, d2);
    }
    put(a0.reduceLanes(VectorOperators.ADD), tile);
    put(a1.reduceLanes(VectorOperators.ADD), tile + 4);
    put(a2.reduceLanes(VectorOperators.ADD), tile + 8);
    put(b0.reduceLanes(VectorOperators.ADD), tile + 12);
    put(b1.reduceLanes(VectorOperators.ADD), tile + 16);
    put(b2.reduceLanes(VectorOperators.ADD), tile + 20);
    put(c0.reduceLanes(VectorOperators.ADD), tile + 24);
    put(c1.reduceLanes(VectorOperators.ADD), tile + 28);
    put(c2.reduceLanes(VectorOperators.ADD), tile + 32);
    put(d0.reduceLanes(VectorOperators.ADD), tile + 36);
    put(d1.reduceLanes(VectorOperators.ADD), tile + 40);
    put(d2.reduceLanes(VectorOperators.ADD), tile + 44);
  }

  /** As {@link #fourRows} for two rows of activations; receives [2][3] f32. */
  static void twoRows(long x, long w, int bytes, long tile) {
    FloatVector a0 = FloatVector.zero(Lanes.SPECIES);
    FloatVector a1 = a0;
    FloatVector a2 = a0;
    FloatVector b0 = a0;
    FloatVector b1 = a0;
    FloatVector b2 = a0;
    for (int i = 0; i < bytes; i += VECTOR_BYTES) {
      FloatVector w0 = floats(w + i);
      FloatVector w1 = floats(w + STRIDE + i);
      FloatVector w2 = floats(w + 2 * STRIDE + i);
      FloatVector xa = floats(x + i);
      a0 = w0.fma(xa, a0);
      a1 = w1.fma(xa, a1);
      a2 = w2.fma(xa, a2);
      FloatVector xb = floats(x + STRIDE + i);
      b0 = w0.fma(xb, b0);
      b1 = w1.fma(xb, b1);
      b2 = w2.fma(xb, b2);
    }
    put(a0.reduceLanes(VectorOperators.ADD), tile);
    put(a1.reduceLanes(VectorOperators.ADD), tile + 4);
    put(a2.reduceLanes(VectorOperators.ADD), tile + 8);
    put(b0.reduceLanes(VectorOperators.ADD), tile + 12);
    put(b1.reduceLanes(VectorOperators.ADD), tile + 16);
    put(b2.reduceLanes(VectorOperators.ADD), tile + 20);
  }
}
