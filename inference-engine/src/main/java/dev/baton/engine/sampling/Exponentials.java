package dev.baton.engine.sampling;

/**
 * Exponentials of many logits at once: single-precision values in loops that the JIT turns into
 * vector instructions, added up in double precision.
 */
final class Exponentials {
  /** Logits handled together; their exponentials stay in the nearest cache. */
  static final int CHUNK = 1024;

  private static final float LOG2_E = (float) (1 / Math.log(2));
  // ln 2 in two parts, the first with few enough bits that n * LN2_HIGH is exact.
  private static final float LN2_HIGH = 355f / 512;
  private static final float LN2_LOW = (float) (Math.log(2) - LN2_HIGH);

  private Exponentials() {}

  /** The greatest value; NaN when there is one. */
  static float max(float[] values) {
    float max = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < values.length; i++) {
      max = Math.max(max, values[i]);
    }
    return max;
  }

  /** {@code Σ exp(values[i] − max)}, with {@code max} the greatest value, finite. */
  static double sum(float[] values, float max, float[] buffer) {
    double sum = 0;
    for (int start = 0; start < values.length; start += CHUNK) {
      int length = Math.min(CHUNK, values.length - start);
      fill(values, start, length, max, 1, buffer);
      sum += sum(buffer, length);
    }
    return sum;
  }

  /** {@code target[i] = exp((values[start + i] − max) · scale)} for {@code i < length}. */
  static void fill(float[] values, int start, int length, float max, float scale, float[] target) {
    for (int i = 0; i < length; i++) {
      target[i] = expOfNegative((values[start + i] - max) * scale);
    }
  }

  static double sum(float[] values, int length) {
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
   * e^x for x ≤ 0, within 2e-7 relative; 0 below 2^−126.5. As 2^n · e^r with |r| ≤ ln 2 / 2, where
   * the Taylor series of degree 7 leaves 5e-9; n = −127 makes the factor's bits those of 0.
   */
  static float expOfNegative(float x) {
    float clamped = Math.max(x, -88f);
    int n = (int) (clamped * LOG2_E - 0.5f);
    float r = clamped - n * LN2_HIGH - n * LN2_LOW;
    float series = 1 / 5040f;
    series = series * r + 1 / 720f;
    series = series * r + 1 / 120f;
    series = series * r + 1 / 24f;
    series = series * r + 1 / 6f;
    series = series * r + 0.5f;
    series = series * r + 1f;
    series = series * r + 1f;
    return series * Float.intBitsToFloat((n + 127) << 23);
  }
}
