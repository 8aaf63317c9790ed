package dev.baton.engine.backend.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * Products of a few rows with a panel of two vectors of columns, held in registers: the innermost
 * loops of attention. Rows of the left matrix are read element by element from the heap, rows of
 * the right one as vectors from KV memory.
 *
 * <p>Implementation note. Four rows by two vectors are eight independent chains of fused
 * multiply-adds, what two units of four cycles' latency keep busy, for six loads.
 */
final class RegisterTiles {
  private static final long VECTOR_BYTES = (long) Lanes.COUNT * Float.BYTES;

  private RegisterTiles() {}

  /**
   * {@code scores[r][0..PANEL) = Σ_i queries[r][i] keys[i][0..PANEL)} for four rows.
   *
   * @param queryStride elements between rows of queries
   * @param keysAt byte offset of the panel's first key
   * @param keyStride elements between rows (of one element of all keys)
   */
  static void scores4(
      float[] queries,
      int at,
      int queryStride,
      MemorySegment kv,
      long keysAt,
      int keyStride,
      int headDim,
      float[] scores,
      int to,
      int scoreStride) {
    FloatVector a0 = FloatVector.zero(Lanes.SPECIES);
    FloatVector a1 = a0;
    FloatVector b0 = a0;
    FloatVector b1 = a0;
    FloatVector c0 = a0;
    FloatVector c1 = a0;
    FloatVector d0 = a0;
    FloatVector d1 = a0;
    int atB = at + queryStride;
    int atC = atB + queryStride;
    int atD = atC + queryStride;
    long stride = (long) keyStride * Float.BYTES;
    for (int i = 0; i < headDim; i++) {
      long row = keysAt + i * stride;
      FloatVector k0 = Lanes.load(kv, row);
      FloatVector k1 = Lanes.load(kv, row + VECTOR_BYTES);
      FloatVector a = FloatVector.broadcast(Lanes.SPECIES, queries[at + i]);
      a0 = a.fma(k0, a0);
      a1 = a.fma(k1, a1);
      FloatVector b = FloatVector.broadcast(Lanes.SPECIES, queries[atB + i]);
      b0 = b.fma(k0, b0);
      b1 = b.fma(k1, b1);
      FloatVector c = FloatVector.broadcast(Lanes.SPECIES, queries[atC + i]);
      c0 = c.fma(k0, c0);
      c1 = c.fma(k1, c1);
      FloatVector d = FloatVector.broadcast(Lanes.SPECIES, queries[atD + i]);
      d0 = d.fma(k0, d0);
      d1 = d.fma(k1, d1);
    }
    store(a0, a1, scores, to);
    store(b0, b1, scores, to + scoreStride);
    store(c0, c1, scores, to + 2 * scoreStride);
    store(d0, d1, scores, to + 3 * scoreStride);
  }

  /** As {@link #scores4} for two rows. */
  static void scores2(
      float[] queries,
      int at,
      int queryStride,
      MemorySegment kv,
      long keysAt,
      int keyStride,
      int headDim,
      float[] scores,
      int to,
      int scoreStride) {
    FloatVector a0 = FloatVector.zero(Lanes.SPECIES);
    FloatVector a1 = a0;
    FloatVector b0 = a0;
    FloatVector b1 = a0;
    int atB = at + queryStride;
    long stride = (long) keyStride * Float.BYTES;
    for (int i = 0; i < headDim; i++) {
      long row = keysAt + i * stride;
      FloatVector k0 = Lanes.load(kv, row);
      FloatVector k1 = Lanes.load(kv, row + VECTOR_BYTES);
      FloatVector a = FloatVector.broadcast(Lanes.SPECIES, queries[at + i]);
      a0 = a.fma(k0, a0);
      a1 = a.fma(k1, a1);
      FloatVector b = FloatVector.broadcast(Lanes.SPECIES, queries[atB + i]);
      b0 = b.fma(k0, b0);
      b1 = b.fma(k1, b1);
    }
    store(a0, a1, scores, to);
    store(b0, b1, scores, to + scoreStride);
  }

  /** As {@link #scores4} for one row. */
  static void scores1(
      float[] queries,
      int at,
      MemorySegment kv,
      long keysAt,
      int keyStride,
      int headDim,
      float[] scores,
      int to) {
    FloatVector even0 = FloatVector.zero(Lanes.SPECIES);
    FloatVector even1 = even0;
    FloatVector odd0 = even0;
    FloatVector odd1 = even0;
    long stride = (long) keyStride * Float.BYTES;
    for (int i = 0; i < headDim; i += 2) { // headDim is even
      long row = keysAt + i * stride;
      FloatVector a = FloatVector.broadcast(Lanes.SPECIES, queries[at + i]);
      even0 = a.fma(Lanes.load(kv, row), even0);
      even1 = a.fma(Lanes.load(kv, row + VECTOR_BYTES), even1);
      FloatVector b = FloatVector.broadcast(Lanes.SPECIES, queries[at + i + 1]);
      odd0 = b.fma(Lanes.load(kv, row + stride), odd0);
      odd1 = b.fma(Lanes.load(kv, row + stride + VECTOR_BYTES), odd1);
    }
    store(even0.add(odd0), even1.add(odd1), scores, to);
  }

  /**
   * {@code outputs[r][0..PANEL) = scale[r] outputs[r][0..PANEL) + Σ_t weights[r][t] values[t]} for
   * four rows.
   *
   * @param valuesAt byte offsets of the blocks' values, at the panel's first element when {@code
   *     columnBytes} is added
   * @param count tokens, over the blocks in order
   */
  static void values4(
      float[] weights,
      int weightStride,
      MemorySegment kv,
      long[] valuesAt,
      long columnBytes,
      int blockTokens,
      int valueStride,
      int count,
      float[] scale,
      float[] outputs,
      int to,
      int outputStride) {
    int toB = to + outputStride;
    int toC = toB + outputStride;
    int toD = toC + outputStride;
    FloatVector a0 = fromOutputs(outputs, to, scale[0]);
    FloatVector a1 = fromOutputs(outputs, to + Lanes.COUNT, scale[0]);
    FloatVector b0 = fromOutputs(outputs, toB, scale[1]);
    FloatVector b1 = fromOutputs(outputs, toB + Lanes.COUNT, scale[1]);
    FloatVector c0 = fromOutputs(outputs, toC, scale[2]);
    FloatVector c1 = fromOutputs(outputs, toC + Lanes.COUNT, scale[2]);
    FloatVector d0 = fromOutputs(outputs, toD, scale[3]);
    FloatVector d1 = fromOutputs(outputs, toD + Lanes.COUNT, scale[3]);
    long stride = (long) valueStride * Float.BYTES;
    for (int first = 0, block = 0; first < count; first += blockTokens, block++) {
      long base = valuesAt[block] + columnBytes;
      int tokens = Math.min(blockTokens, count - first);
      int atB = first + weightStride;
      int atC = atB + weightStride;
      int atD = atC + weightStride;
      for (int t = 0; t < tokens; t++) {
        long row = base + t * stride;
        FloatVector v0 = Lanes.load(kv, row);
        FloatVector v1 = Lanes.load(kv, row + VECTOR_BYTES);
        FloatVector a = FloatVector.broadcast(Lanes.SPECIES, weights[first + t]);
        a0 = a.fma(v0, a0);
        a1 = a.fma(v1, a1);
        FloatVector b = FloatVector.broadcast(Lanes.SPECIES, weights[atB + t]);
        b0 = b.fma(v0, b0);
        b1 = b.fma(v1, b1);
        FloatVector c = FloatVector.broadcast(Lanes.SPECIES, weights[atC + t]);
        c0 = c.fma(v0, c0);
        c1 = c.fma(v1, c1);
        FloatVector d = FloatVector.broadcast(Lanes.SPECIES, weights[atD + t]);
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
      int weightStride,
      MemorySegment kv,
      long[] valuesAt,
      long columnBytes,
      int blockTokens,
      int valueStride,
      int count,
      float[] scale,
      float[] outputs,
      int to,
      int outputStride) {
    int toB = to + outputStride;
    FloatVector a0 = fromOutputs(outputs, to, scale[0]);
    FloatVector a1 = fromOutputs(outputs, to + Lanes.COUNT, scale[0]);
    FloatVector b0 = fromOutputs(outputs, toB, scale[1]);
    FloatVector b1 = fromOutputs(outputs, toB + Lanes.COUNT, scale[1]);
    long stride = (long) valueStride * Float.BYTES;
    for (int first = 0, block = 0; first < count; first += blockTokens, block++) {
      long base = valuesAt[block] + columnBytes;
      int tokens = Math.min(blockTokens, count - first);
      int atB = first + weightStride;
      for (int t = 0; t < tokens; t++) {
        long row = base + t * stride;
        FloatVector v0 = Lanes.load(kv, row);
        FloatVector v1 = Lanes.load(kv, row + VECTOR_BYTES);
        FloatVector a = FloatVector.broadcast(Lanes.SPECIES, weights[first + t]);
        a0 = a.fma(v0, a0);
        a1 = a.fma(v1, a1);
        FloatVector b = FloatVector.broadcast(Lanes.SPECIES, weights[atB + t]);
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
      MemorySegment kv,
      long[] valuesAt,
      long columnBytes,
      int blockTokens,
      int valueStride,
      int count,
      float[] scale,
      float[] outputs,
      int to) {
    FloatVector a0 = fromOutputs(outputs, to, scale[0]);
    FloatVector a1 = fromOutputs(outputs, to + Lanes.COUNT, scale[0]);
    long stride = (long) valueStride * Float.BYTES;
    for (int first = 0, block = 0; first < count; first += blockTokens, block++) {
      long base = valuesAt[block] + columnBytes;
      int tokens = Math.min(blockTokens, count - first);
      for (int t = 0; t < tokens; t++) {
        long row = base + t * stride;
        FloatVector a = FloatVector.broadcast(Lanes.SPECIES, weights[first + t]);
        a0 = a.fma(Lanes.load(kv, row), a0);
        a1 = a.fma(Lanes.load(kv, row + VECTOR_BYTES), a1);
      }
    }
    store(a0, a1, outputs, to);
  }

  private static FloatVector fromOutputs(float[] outputs, int at, float scale) {
    return FloatVector.fromArray(Lanes.SPECIES, outputs, at).mul(scale);
  }

  private static void store(FloatVector first, FloatVector second, float[] target, int at) {
    first.intoArray(target, at);
    second.intoArray(target, at + Lanes.COUNT);
  }
}
