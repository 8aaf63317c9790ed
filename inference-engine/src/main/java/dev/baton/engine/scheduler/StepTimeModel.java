package dev.baton.engine.scheduler;

import org.jspecify.annotations.Nullable;

/**
 * Predicts how long a step takes, from the steps measured so far:
 *
 * <pre>
 * time = fixed + perToken · tokens + perKvToken · kvTokens        all coefficients at least 0
 * </pre>
 *
 * <p>Implementation note. Steps of alike size (between two powers of two tokens) share one moving
 * average, so that a long time of decodes alone does not make forget what prefills cost. The
 * coefficients are the least squares of the relative errors of these averages. Where the best fit
 * would be negative, a coefficient is zero and the others are fitted again. A step that a pause of
 * the machine made long counts at most {@value #OUTLIER} times its average, and is forgotten soon.
 */
final class StepTimeModel {
  private static final int SIZES = 32;
  private static final int COEFFICIENTS = 3;
  private static final double RECENT = 0.2; // weight of the newest step in its average
  private static final double OUTLIER = 4;

  /** What can not be told apart is put down to the earlier coefficient. */
  private static final double[] RIDGE = {1e-7, 1e-6, 1e-5};

  private final @Nullable Average[] averages = new Average[SIZES]; // [log2 of tokens]
  private double[] coefficients = new double[COEFFICIENTS]; // nanoseconds
  private int sizesSeen;

  private static final class Average {
    double tokens;
    double kvTokens;
    double nanos;

    void add(StepLoad load, double measured, double weight) {
      tokens += weight * (load.tokens() - tokens);
      kvTokens += weight * (load.kvTokens() - kvTokens);
      nanos += weight * (measured - nanos);
    }
  }

  /** Takes a measured step in. */
  void measured(StepLoad load, long nanos) {
    if (nanos <= 0 || load.tokens() < 1) {
      return; // a clock that stands still, or went back
    }
    int size = Integer.SIZE - 1 - Integer.numberOfLeadingZeros(load.tokens());
    Average average = averages[size];
    if (average == null) {
      average = new Average();
      averages[size] = average;
      sizesSeen++;
      average.add(load, nanos, 1);
    } else {
      average.add(load, Math.min(nanos, OUTLIER * average.nanos), RECENT);
    }
    fit();
  }

  /** Whether steps of unlike sizes were seen, so that time can be told from tokens. */
  boolean calibrated() {
    return sizesSeen > 1;
  }

  double perToken() {
    return coefficients[1];
  }

  double perKvToken() {
    return coefficients[2];
  }

  /** Predicted nanoseconds. */
  double nanos(StepLoad load) {
    return coefficients[0] + coefficients[1] * load.tokens() + coefficients[2] * load.kvTokens();
  }

  private void fit() {
    boolean[] used = {true, true, true};
    while (true) {
      double[] fitted = leastSquares(used);
      int worst = -1;
      for (int i = 0; i < COEFFICIENTS; i++) {
        if (fitted[i] < 0 && (worst < 0 || fitted[i] * scale(i) < fitted[worst] * scale(worst))) {
          worst = i;
        }
      }
      if (worst < 0) {
        coefficients = fitted;
        return;
      }
      used[worst] = false;
    }
  }

  /** Typical size of what a coefficient is multiplied with. */
  private double scale(int coefficient) {
    double largest = 1;
    for (Average average : averages) {
      if (average != null) {
        largest = Math.max(largest, feature(average, coefficient));
      }
    }
    return largest;
  }

  private static double feature(Average average, int coefficient) {
    return switch (coefficient) {
      case 0 -> 1;
      case 1 -> average.tokens;
      default -> average.kvTokens;
    };
  }

  /** Normal equations of {@code Σ (x·w / t − 1)²}, scaled, with a little ridge, by elimination. */
  private double[] leastSquares(boolean[] used) {
    double[][] a = new double[COEFFICIENTS][COEFFICIENTS + 1];
    double[] scales = {scale(0), scale(1), scale(2)};
    for (Average average : averages) {
      if (average == null) {
        continue;
      }
      for (int i = 0; i < COEFFICIENTS; i++) {
        double xi = feature(average, i) / scales[i] / average.nanos;
        for (int j = 0; j < COEFFICIENTS; j++) {
          a[i][j] += xi * feature(average, j) / scales[j] / average.nanos;
        }
        a[i][COEFFICIENTS] += xi;
      }
    }
    for (int i = 0; i < COEFFICIENTS; i++) {
      a[i][i] = a[i][i] * (1 + RIDGE[i]) + Double.MIN_NORMAL;
      if (!used[i]) {
        for (int j = 0; j <= COEFFICIENTS; j++) {
          a[i][j] = 0;
        }
        for (int j = 0; j < COEFFICIENTS; j++) {
          a[j][i] = 0;
        }
        a[i][i] = 1;
      }
    }
    double[] solution = new double[COEFFICIENTS];
    for (int i = 0; i < COEFFICIENTS; i++) { // positive definite: no pivoting needed
      for (int row = i + 1; row < COEFFICIENTS; row++) {
        double factor = a[row][i] / a[i][i];
        for (int j = i; j <= COEFFICIENTS; j++) {
          a[row][j] -= factor * a[i][j];
        }
      }
    }
    for (int i = COEFFICIENTS - 1; i >= 0; i--) {
      double right = a[i][COEFFICIENTS];
      for (int j = i + 1; j < COEFFICIENTS; j++) {
        right -= a[i][j] * solution[j];
      }
      solution[i] = right / a[i][i];
    }
    for (int i = 0; i < COEFFICIENTS; i++) {
      solution[i] /= scales[i];
    }
    return solution;
  }
}
