package dev.baton.engine.backend.cpu;

import dev.baton.engine.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** Products with weight matrices: {@code Y[rows, N] = X[rows, K] Wᵀ}, f32 row-major off-heap. */
final class Linear {
  private static final int GRAIN = 16;

  private final List<Tensor> weights;
  private final int inputs;
  private final int outputs;

  private Linear(List<Tensor> weights) {
    this.weights = List.copyOf(weights);
    inputs = weights.getFirst().columns();
    outputs = weights.stream().mapToInt(Tensor::rows).sum();
  }

  static Linear of(Tensor weight) {
    return new Linear(List.of(weight));
  }

  /** Outputs of several matrices with the same inputs, one after the other. */
  static Linear concatenated(List<Tensor> weights) {
    return new Linear(weights);
  }

  int inputs() {
    return inputs;
  }

  int outputs() {
    return outputs;
  }

  void multiply(ComputePool pool, MemorySegment x, int rows, MemorySegment y) {
    int column = 0;
    for (Tensor weight : weights) {
      int offset = column;
      pool.parallelFor(
          weight.rows(),
          GRAIN,
          (worker, from, to) -> {
            float[] row = new float[inputs];
            for (int output = from; output < to; output++) {
              weight.readRow(output, row, 0);
              for (int r = 0; r < rows; r++) {
                long at = ((long) r * outputs + offset + output) * Float.BYTES;
                y.set(java.lang.foreign.ValueLayout.JAVA_FLOAT, at, dot(x, (long) r * inputs, row));
              }
            }
          });
      column += weight.rows();
    }
  }

  private static float dot(MemorySegment x, long from, float[] weight) {
    FloatVector sums = FloatVector.zero(Lanes.SPECIES);
    int bound = Lanes.SPECIES.loopBound(weight.length);
    for (int i = 0; i < bound; i += Lanes.COUNT) {
      sums =
          Lanes.load(x, (from + i) * Float.BYTES)
              .fma(FloatVector.fromArray(Lanes.SPECIES, weight, i), sums);
    }
    float sum = sums.reduceLanes(VectorOperators.ADD);
    for (int i = bound; i < weight.length; i++) {
      sum += weight[i] * x.get(java.lang.foreign.ValueLayout.JAVA_FLOAT, (from + i) * Float.BYTES);
    }
    return sum;
  }
}
