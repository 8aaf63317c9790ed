package dev.baton.engine.sampling;

/**
 * Exponentials of many logits at once, in double precision, in loops without branches or bit
 * tricks, so that the JIT turns them into vector instructions.
 */
final class Exponentials {
  /** Logits handled together; their exponentials stay in the nearest cache. */
  static final int CHUNK = 1024;

  /** e^−800 is 0 in double precision. */
  private static final double LEAST = -800;

  private Exponentials() {}

  /** The greatest value; NaN when there is one. */
  static float max(float[] values) {
    return max(values, 0, values.length);
  }

  /** The greatest of {@code values[start, start + length)}; NaN when there is one. */
  static float max(float[] values, int start, int length) {
    float max = Float.NEGATIVE_INFINITY;
    for (int i = start; i < start + length; i++) {
      max = Math.max(max, values[i]);
    }
    return max;
  }

  /** {@code Σ exp(values[i] − max)}, with {@code max} the greatest value, finite. */
  static double sum(float[] values, float max, double[] buffer) {
    double sum = 0;
    for (int start = 0; start < values.length; start += CHUNK) {
      int length = Math.min(CHUNK, values.length - start);
      fill(values, start, length, max, 1, buffer);
      sum += sum(buffer, length);
    }
    return sum;
  }

  /** {@code target[i] = exp((values[start + i] − max) · scale)} for {@code i < length}. */
  static void fill(
      float[] values, int start, int length, double max, double scale, double[] target) {
    for (int i = 0; i < length; i++) {
      target[i] = expOfNegative((values[start + i] - max) * scale);
    }
  }

  /** Four sums side by side, since one would wait for each addition. */
  static double sum(double[] values, int length) {
    double a = 0;
    double b = 0;
    double c = 0;
    double d = 0;
    int i = 0;
    for (; i + 3 < length; i += 4) {
      a += values[i];
      b += values[i + 1];
      c += values[i + 2];
      d += values[i + 3];
    }
    for (; i < length; i++) {
      a += values[i];
    }
    return (a + b) + (c + d);
  }

  /**
   * e^x for x ≤ 0, as (e^(x/1024))^1024: a Taylor series of degree 7 and ten squarings. Within 1e-9
   * relative for x ≥ −100, far less exact where the result is below 1e-200, and 0 for −∞.
   */
  static double expOfNegative(double x) {
    double r = Math.max(x, LEAST) * (1.0 / 1024);
    double power = 1.0 / 5040;
    power = power * r + 1.0 / 720;
    power = power * r + 1.0 / 120;
    power = power * r + 1.0 / 24;
    power = power * r + 1.0 / 6;
    power = power * r + 0.5;
    power = power * r + 1;
    power = power * r + 1;
    power *= power;
    power *= power;
    power *= power;
    power *= power;
    power *= power;
    power *= power;
    power *= power;
    power *= power;
    power *= power;
    power *= power;
    return power;
  }
}
