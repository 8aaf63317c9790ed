package dev.baton.engine.model;

/**
 * Cosines and sines of every position and pair, computed in double and stored as f32.
 *
 * <p>Pair i of position p turns by {@code p · f_i} with {@code f_i = scaled(base^(-2i / headDim)) /
 * divisor_i} (arXiv:2104.09864 §3.2.2).
 */
public final class RopeTables {
  private final int pairCount;
  private final float[] cosines; // [positions, headDim / 2]
  private final float[] sines;

  /**
   * @param positions positions [0, positions) are held
   * @param divisors one per pair, or empty for none
   */
  public RopeTables(
      int positions, int headDim, double base, RopeScaling scaling, float[] divisors) {
    pairCount = headDim / 2;
    if (divisors.length != 0 && divisors.length != pairCount) {
      throw new IllegalArgumentException(
          "expected %d rotary divisors, found %d".formatted(pairCount, divisors.length));
    }
    int size = Math.multiplyExact(positions, pairCount);
    cosines = new float[size];
    sines = new float[size];
    for (int pair = 0; pair < pairCount; pair++) {
      double frequency = scaling.scale(Math.pow(base, -2.0 * pair / headDim));
      if (divisors.length != 0) {
        frequency /= divisors[pair];
      }
      for (int position = 0; position < positions; position++) {
        double angle = position * frequency;
        cosines[position * pairCount + pair] = (float) Math.cos(angle);
        sines[position * pairCount + pair] = (float) Math.sin(angle);
      }
    }
  }

  /** Cosines, {@code [positions, headDim / 2]}; read only. */
  public float[] cosines() {
    return cosines;
  }

  /** Sines, {@code [positions, headDim / 2]}; read only. */
  public float[] sines() {
    return sines;
  }

  /** Turns {@code head[at .. at + headDim)} to {@code position}. */
  public void rotateInPlace(RopeStyle style, float[] head, int at, int position) {
    int row = position * pairCount;
    switch (style) {
      case ADJACENT -> {
        for (int i = 0; i < pairCount; i++) {
          float x = head[at + 2 * i];
          float y = head[at + 2 * i + 1];
          head[at + 2 * i] = x * cosines[row + i] - y * sines[row + i];
          head[at + 2 * i + 1] = x * sines[row + i] + y * cosines[row + i];
        }
      }
      case HALVES -> {
        int second = at + pairCount;
        for (int i = 0; i < pairCount; i++) {
          float x = head[at + i];
          float y = head[second + i];
          head[at + i] = x * cosines[row + i] - y * sines[row + i];
          head[second + i] = x * sines[row + i] + y * cosines[row + i];
        }
      }
    }
  }
}
