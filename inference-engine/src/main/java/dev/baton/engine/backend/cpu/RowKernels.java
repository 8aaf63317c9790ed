package dev.baton.engine.backend.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** What a step does to single rows between its products. Offsets and lengths are in elements. */
final class RowKernels {
  private RowKernels() {}

  /**
   * {@code target_i = x_i w_i / √(mean(x²) + ε)} (arXiv:1910.07467).
   *
   * @param weight {@code [length]}
   */
  static void rmsNorm(
      MemorySegment x, long at, float[] weight, float epsilon, MemorySegment target, long to) {
    int length = weight.length;
    int bound = Lanes.SPECIES.loopBound(length);
    FloatVector squares = FloatVector.zero(Lanes.SPECIES);
    for (int i = 0; i < bound; i += Lanes.COUNT) {
      FloatVector v = Lanes.load(x, (at + i) * Float.BYTES);
      squares = v.fma(v, squares);
    }
    float sum = squares.reduceLanes(VectorOperators.ADD);
    for (int i = bound; i < length; i++) {
      float v = get(x, at + i);
      sum += v * v;
    }
    float scale = (float) (1 / Math.sqrt((double) sum / length + epsilon));
    for (int i = 0; i < bound; i += Lanes.COUNT) {
      Lanes.load(x, (at + i) * Float.BYTES)
          .mul(scale)
          .mul(FloatVector.fromArray(Lanes.SPECIES, weight, i))
          .intoMemorySegment(target, (to + i) * Float.BYTES, Lanes.ORDER);
    }
    for (int i = bound; i < length; i++) {
      set(target, to + i, get(x, at + i) * scale * weight[i]);
    }
  }

  /** As {@link #rmsNorm} on {@code x[at .. at + weight.length)}, in place. */
  static void rmsNormInPlace(float[] x, int at, float[] weight, float epsilon) {
    double sum = 0;
    for (int i = 0; i < weight.length; i++) {
      sum += x[at + i] * x[at + i];
    }
    float scale = (float) (1 / Math.sqrt(sum / weight.length + epsilon));
    for (int i = 0; i < weight.length; i++) {
      x[at + i] *= scale * weight[i];
    }
  }

  /** {@code x_i += y_i}. */
  static void addInPlace(MemorySegment x, MemorySegment y, long at, int length) {
    int bound = Lanes.SPECIES.loopBound(length);
    for (int i = 0; i < bound; i += Lanes.COUNT) {
      long offset = (at + i) * Float.BYTES;
      Lanes.load(x, offset).add(Lanes.load(y, offset)).intoMemorySegment(x, offset, Lanes.ORDER);
    }
    for (int i = bound; i < length; i++) {
      set(x, at + i, get(x, at + i) + get(y, at + i));
    }
  }

  /** {@code x_i += bias_i}. */
  static void addInPlace(MemorySegment x, float[] bias, long at) {
    for (int i = 0; i < bias.length; i++) {
      set(x, at + i, get(x, at + i) + bias[i]);
    }
  }

  /** {@code target_i = g_i σ(g_i) u_i}: SwiGLU (arXiv:2002.05202). */
  static void swiGlu(
      MemorySegment gateUp, long gateAt, long upAt, MemorySegment target, long to, int length) {
    int bound = Lanes.SPECIES.loopBound(length);
    for (int i = 0; i < bound; i += Lanes.COUNT) {
      FloatVector gate = Lanes.load(gateUp, (gateAt + i) * Float.BYTES);
      FloatVector up = Lanes.load(gateUp, (upAt + i) * Float.BYTES);
      gate.div(VectorExp.exp(gate.neg()).add(1f))
          .mul(up)
          .intoMemorySegment(target, (to + i) * Float.BYTES, Lanes.ORDER);
    }
    for (int i = bound; i < length; i++) {
      float gate = get(gateUp, gateAt + i);
      float sigmoid = (float) (1 / (1 + Math.exp(-gate)));
      set(target, to + i, gate * sigmoid * get(gateUp, upAt + i));
    }
  }

  private static float get(MemorySegment segment, long index) {
    return segment.get(ValueLayout.JAVA_FLOAT, index * Float.BYTES);
  }

  private static void set(MemorySegment segment, long index, float value) {
    segment.set(ValueLayout.JAVA_FLOAT, index * Float.BYTES, value);
  }
}
