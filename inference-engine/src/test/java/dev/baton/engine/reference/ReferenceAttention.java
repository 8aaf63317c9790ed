package dev.baton.engine.reference;

/** Softmax attention of one query in double precision, with its log-sum-exp. */
public final class ReferenceAttention {

  /**
   * The result over some context.
   *
   * @param output [D], the softmax-weighted mean of the values; zeros over an empty context
   * @param logSumExp natural logarithm of the sum of exponentials of the scaled scores; negative
   *     infinity over an empty context
   */
  public record State(double[] output, double logSumExp) {}

  private ReferenceAttention() {}

  /**
   * {@code softmax(scale · q Kᵀ) V}.
   *
   * @param query [D]
   * @param keys [C][D]
   * @param values [C][D]
   */
  public static State attend(double[] query, double[][] keys, double[][] values, double scale) {
    int count = keys.length;
    double[] output = new double[query.length];
    if (count == 0) {
      return new State(output, Double.NEGATIVE_INFINITY);
    }
    double[] scores = new double[count];
    double largest = Double.NEGATIVE_INFINITY;
    for (int c = 0; c < count; c++) {
      scores[c] = scale * dot(query, keys[c]);
      largest = Math.max(largest, scores[c]);
    }
    double sum = 0;
    for (int c = 0; c < count; c++) {
      double weight = Math.exp(scores[c] - largest);
      sum += weight;
      for (int i = 0; i < output.length; i++) {
        output[i] += weight * values[c][i];
      }
    }
    for (int i = 0; i < output.length; i++) {
      output[i] /= sum;
    }
    return new State(output, largest + Math.log(sum));
  }

  /**
   * The same over flat f32 arrays, as the kernels have them.
   *
   * @param query D numbers from {@code queryAt} on
   * @param keys key c is D numbers from {@code keysAt + c · stride} on
   * @param values laid out like the keys
   */
  public static State attend(
      float[] query,
      int queryAt,
      int headDim,
      float[] keys,
      float[] values,
      int keysAt,
      int stride,
      int count,
      double scale) {
    double[] doubleQuery = toDoubles(query, queryAt, headDim);
    double[][] doubleKeys = new double[count][];
    double[][] doubleValues = new double[count][];
    for (int c = 0; c < count; c++) {
      doubleKeys[c] = toDoubles(keys, keysAt + c * stride, headDim);
      doubleValues[c] = toDoubles(values, keysAt + c * stride, headDim);
    }
    return attend(doubleQuery, doubleKeys, doubleValues, scale);
  }

  static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private static double[] toDoubles(float[] source, int from, int count) {
    double[] doubles = new double[count];
    for (int i = 0; i < count; i++) {
      doubles[i] = source[from + i];
    }
    return doubles;
  }
}
