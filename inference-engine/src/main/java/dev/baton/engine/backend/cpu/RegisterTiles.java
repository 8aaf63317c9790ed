package dev.baton.engine.backend.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * Products of a few rows with a panel of two vectors of columns, held in registers: the innermost
 * loops of attention. Elements of the left matrix come from the heap, rows of the right one, at an
 * absolute address, as vectors from KV memory.
 *
 * <p>Implementation note. Four rows by two vectors are eight independent chains of fused
 * multiply-adds, what two units of four cycles' latency keep busy, for six loads. Six rows spill
 * registers. The constant segment over all memory, queries packed row beside row and the constant
 * stride of weights let the compiler drop all bounds checks from the loops; {@link KvMemory} makes
 * the addresses and {@link StepRows} checks each block id they are made of.
 */
final class RegisterTiles {
  /** Rows of a full tile. */
  static final int ROWS = 4;

  /** Elements between rows of scores and weights: keys of a tile of {@link TileAttention}. */
  static final int KEYS = 128;

  private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
  private static final long VECTOR_BYTES = (long) Lanes.COUNT * Float.BYTES;

  private RegisterTiles() {}

  /**
   * {@code scores[r][0..PANEL) = Σ_i queries[i][r] keys[i][0..PANEL)} for four rows r.
   *
   * @param queries {@code [headDim][4]} from {@code at}
   * @param keysAt address of the panel's first key
   * @param strideBytes from one element of the keys to the next
   * @param scores rows of {@link #KEYS} elements
   */
  static void scores4(
      float[] queries, int at, long keysAt, long strideBytes, int headDim, float[] scores, int to) {
    FloatVector a0 = FloatVector.zero(Lanes.SPECIES);
    FloatVector a1 = a0;
    FloatVector b0 = a0;
    FloatVector b1 = a0;
    FloatVector c0 = a0;
    FloatVector c1 = a0;
    FloatVector d0 = a0;
    FloatVector d1 = a0;
    long row = keysAt;
    for (int i = 0; i < headDim; i++, row += strideBytes) {
      int query = at + 4 * i;
      FloatVector k0 = load(row);
      FloatVector k1 = load(row + VECTOR_BYTES);
      FloatVector a = broadcast(queries[query]);
      a0 = a.fma(k0, a0);
      a1 = a.fma(k1, a1);
      FloatVector b = broadcast(queries[query + 1]);
      b0 = b.fma(k0, b0);
      b1 = b.fma(k1, b1);
      FloatVector c = broadcast(queries[query + 2]);
      c0 = c.fma(k0, c0);
      c1 = c.fma(k1, c1);
      FloatVector d = broadcast(queries[query + 3]);
      d0 = d.fma(k0, d0);
      d1 = d.fma(k1, d1);
    }
    store(a0, a1, scores, to);
    store(b0, b1, scores, to + KEYS);
    store(c0, c1, scores, to + 2 * KEYS);
    store(d0, d1, scores, to + 3 * KEYS);
  }

  /** As {@link #scores4} for two rows, queries {@code [headDim][2]}. */
  static void scores2(
      float[] queries, int at, long keysAt, long strideBytes, int headDim, float[] scores, int to) {
    FloatVector a0 = FloatVector.zero(Lanes.SPECIES);
    FloatVector a1 = a0;
    FloatVector b0 = a0;
    FloatVector b1 = a0;
    long row = keysAt;
    for (int i = 0; i < headDim; i++, row += strideBytes) {
      int query = at + 2 * i;
      FloatVector k0 = load(row);
      FloatVector k1 = load(row + VECTOR_BYTES);
      FloatVector a = broadcast(queries[query]);
      a0 = a.fma(k0, a0);
      a1 = a.fma(k1, a1);
      FloatVector b = broadcast(queries[query + 1]);
      b0 = b.fma(k0, b0);
      b1 = b.fma(k1, b1);
    }
    store(a0, a1, scores, to);
    store(b0, b1, scores, to + KEYS);
  }

  /** As {@link #scores4} for one row, queries {@code [headDim][1]}. */
  static void scores1(
      float[] queries, int at, long keysAt, long strideBytes, int headDim, float[] scores, int to) {
    FloatVector even0 = FloatVector.zero(Lanes.SPECIES);
    FloatVector even1 = even0;
    FloatVector odd0 = even0;
    FloatVector odd1 = even0;
    long row = keysAt;
    for (int i = 0; i < headDim; i += 2, row += 2 * strideBytes) { // headDim is even
      FloatVector even = broadcast(queries[at + i]);
      even0 = even.fma(load(row), even0);
      even1 = even.fma(load(row + VECTOR_BYTES), even1);
      FloatVector odd = broadcast(queries[at + i + 1]);
      odd0 = odd.fma(load(row + strideBytes), odd0);
      odd1 = odd.fma(load(row + strideBytes + VECTOR_BYTES), odd1);
    }
    store(even0.add(odd0), even1.add(odd1), scores, to);
  }

  /**
   * {@code outputs[r][0..PANEL) = scale[r] outputs[r][0..PANEL) + Σ_t weights[r][t] values[t]} for
   * four rows r.
   *
   * @param weights rows of {@link #KEYS} elements
   * @param valuesAt addresses of the blocks' values
   * @param columnBytes the panel's place in a row of values
   * @param strideBytes from one token's values to the next
   * @param count tokens, over the blocks in order
   * @param outputs rows of {@code outputStride} elements from {@code to}
   */
  static void values4(
      float[] weights,
      long[] valuesAt,
      long columnBytes,
      int blockTokens,
      long strideBytes,
      int count,
      float[] scale,
      float[] outputs,
      int to,
      int outputStride) {
    int toB = to + outputStride;
    int toC = toB + outputStride;
    int toD = toC + outputStride;
    FloatVector a0 = scaled(outputs, to, scale[0]);
    FloatVector a1 = scaled(outputs, to + Lanes.COUNT, scale[0]);
    FloatVector b0 = scaled(outputs, toB, scale[1]);
    FloatVector b1 = scaled(outputs, toB + Lanes.COUNT, scale[1]);
    FloatVector c0 = scaled(outputs, toC, scale[2]);
    FloatVector c1 = scaled(outputs, toC + Lanes.COUNT, scale[2]);
    FloatVector d0 = scaled(outputs, toD, scale[3]);
    FloatVector d1 = scaled(outputs, toD + Lanes.COUNT, scale[3]);
    for (int first = 0, block = 0; first < count; first += blockTokens, block++) {
      long row = valuesAt[block] + columnBytes;
      int end = Math.min(first + blockTokens, count);
      for (int t = first; t < end; t++, row += strideBytes) {
        FloatVector v0 = load(row);
        FloatVector v1 = load(row + VECTOR_BYTES);
        FloatVector a = broadcast(weights[t]);
        a0 = a.fma(v0, a0);
        a1 = a.fma(v1, a1);
        FloatVector b = broadcast(weights[t + KEYS]);
        b0 = b.fma(v0, b0);
        b1 = b.fma(v1, b1);
        FloatVector c = broadcast(weights[t + 2 * KEYS]);
        c0 = c.fma(v0, c0);
        c1 = c.fma(v1, c1);
        FloatVector d = broadcast(weights[t + 3 * KEYS]);
        d0 = d.fma(v0, d0);
        d1 = d.fma(v1, d1);
      }
    }
    store(a0, a1, outputs, to);
    store(b0, b1, outputs, toB);
    store(c0, c1, outputs, toC);
    store(d0, d1, outputs, toD);
  }

  /** As {@link #values4} for two rows. */
  static void values2(
      float[] weights,
      long[] valuesAt,
      long columnBytes,
      int blockTokens,
      long strideBytes,
      int count,
      float[] scale,
      float[] outputs,
      int to,
      int outputStride) {
    int toB = to + outputStride;
    FloatVector a0 = scaled(outputs, to, scale[0]);
    FloatVector a1 = scaled(outputs, to + Lanes.COUNT, scale[0]);
    FloatVector b0 = scaled(outputs, toB, scale[1]);
    FloatVector b1 = scaled(outputs, toB + Lanes.COUNT, scale[1]);
    for (int first = 0, block = 0; first < count; first += blockTokens, block++) {
      long row = valuesAt[block] + columnBytes;
      int end = Math.min(first + blockTokens, count);
      for (int t = first; t < end; t++, row += strideBytes) {
        FloatVector v0 = load(row);
        FloatVector v1 = load(row + VECTOR_BYTES);
        FloatVector a = broadcast(weights[t]);
        a0 = a.fma(v0, a0);
        a1 = a.fma(v1, a1);
        FloatVector b = broadcast(weights[t + KEYS]);
        b0 = b.fma(v0, b0);
        b1 = b.fma(v1, b1);
      }
    }
    store(a0, a1, outputs, to);
    store(b0, b1, outputs, toB);
  }

  /** As {@link #values4} for one row. */
  static void values1(
      float[] weights,
      long[] valuesAt,
      long columnBytes,
      int blockTokens,
      long strideBytes,
      int count,
      float[] scale,
      float[] outputs,
      int to) {
    FloatVector a0 = scaled(outputs, to, scale[0]);
    FloatVector a1 = scaled(outputs, to + Lanes.COUNT, scale[0]);
    for (int first = 0, block = 0; first < count; first += blockTokens, block++) {
      long row = valuesAt[block] + columnBytes;
      int end = Math.min(first + blockTokens, count);
      for (int t = first; t < end; t++, row += strideBytes) {
        FloatVector v0 = load(row);
        FloatVector v1 = load(row + VECTOR_BYTES);
        FloatVector a = broadcast(weights[t]);
        a0 = a.fma(v0, a0);
        a1 = a.fma(v1, a1);
      }
    }
    store(a0, a1, outputs, to);
  }

  private static FloatVector load(long address) {
    return Lanes.load(ALL, address);
  }

  private static FloatVector broadcast(float value) {
    return FloatVector.broadcast(Lanes.SPECIES, value);
  }

  private static FloatVector scaled(float[] outputs, int at, float scale) {
    return FloatVector.fromArray(Lanes.SPECIES, outputs, at).mul(scale);
  }

  private static void store(FloatVector first, FloatVector second, float[] target, int at) {
    first.intoArray(target, at);
    second.intoArray(target, at + Lanes.COUNT);
  }
}
