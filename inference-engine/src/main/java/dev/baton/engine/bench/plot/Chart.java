package dev.baton.engine.bench.plot;

import java.util.List;

/**
 * Lines over numbers.
 *
 * @param title what is shown
 * @param subtitle shapes and machine, in smaller letters
 * @param x the horizontal axis
 * @param y the vertical axis
 * @param lines in the order of the legend
 */
public record Chart(String title, String subtitle, Axis x, Axis y, List<Line> lines) {
  public Chart {
    lines = List.copyOf(lines);
  }

  /** An axis: from zero, or, when logarithmic, of positive numbers. */
  public record Axis(String label, boolean logarithmic) {}

  /**
   * A line through measured points.
   *
   * @param dashed for bounds and others' figures, which were not measured here
   */
  public record Line(String name, boolean dashed, List<Point> points) {
    public Line {
      points = List.copyOf(points);
    }
  }

  /** A point; those that are not finite are left out. */
  public record Point(double x, double y) {}
}
