package dev.baton.engine.bench;

import java.util.Arrays;

/** Measured values of one case. */
public final class Samples {
  private double[] values = new double[16];
  private int count;

  public void add(double value) {
    if (count == values.length) {
      values = Arrays.copyOf(values, 2 * count);
    }
    values[count++] = value;
  }

  public int count() {
    return count;
  }

  public double median() {
    return percentile(0.5);
  }

  public double mean() {
    return count == 0 ? Double.NaN : Arrays.stream(values, 0, count).average().orElseThrow();
  }

  /** Value that this share of the samples does not exceed, interpolated; NaN without samples. */
  public double percentile(double share) {
    if (count == 0) {
      return Double.NaN;
    }
    double[] sorted = Arrays.copyOf(values, count);
    Arrays.sort(sorted);
    double at = share * (count - 1);
    int low = (int) at;
    int high = Math.min(low + 1, count - 1);
    return sorted[low] + (at - low) * (sorted[high] - sorted[low]);
  }
}
