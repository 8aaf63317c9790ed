package dev.baton.engine.bench.plot;

import java.util.ArrayList;
import java.util.List;

/** From numbers to pixels, and the numbers that are marked. */
record Scale(double low, double high, boolean logarithmic, double from, double to) {
  private static final int TICKS = 6;

  /** A scale that holds all values between round numbers. */
  static Scale of(List<Double> values, boolean logarithmic, double from, double to) {
    double low = Double.MAX_VALUE;
    double high = -Double.MAX_VALUE;
    for (double value : values) {
      if (Double.isFinite(value) && (!logarithmic || value > 0)) {
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
    }
    if (low > high) { // nothing to show
      low = 1;
      high = 10;
    }
    if (logarithmic) {
      return new Scale(low, low == high ? 2 * low : high, true, from, to);
    }
    low = Math.min(0, low);
    double step = step(high - low);
    return new Scale(low, step * Math.max(1, Math.ceil(high / step)), false, from, to);
  }

  double pixel(double value) {
    double share =
        logarithmic ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
    return from + share * (to - from);
  }

  List<Double> ticks() {
    List<Double> ticks = new ArrayList<>();
    if (!logarithmic) {
      double step = step(high - low);
      for (long i = Math.round(low / step); i * step <= high * (1 + 1e-9); i++) {
        ticks.add(i * step);
      }
      return ticks;
    }
    double octaves = Math.log(high / low) / Math.log(2);
    double base = octaves > 2 * TICKS ? 10 : octaves > TICKS ? 4 : 2;
    double first = Math.pow(base, Math.ceil(Math.log(low) / Math.log(base) - 1e-9));
    for (double tick = first; tick <= high * (1 + 1e-9); tick *= base) {
      ticks.add(tick);
    }
    return ticks;
  }

  /** 1, 2 or 5 times a power of ten. */
  private static double step(double range) {
    double raw = (range <= 0 ? 1 : range) / TICKS;
    double power = Math.pow(10, Math.floor(Math.log10(raw)));
    double digit = raw / power;
    return power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
  }
}
