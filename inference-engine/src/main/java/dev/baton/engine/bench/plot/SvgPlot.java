package dev.baton.engine.bench.plot;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Draws a {@link Chart}: transparent, in colours and a grey that are readable on light and on dark
 * pages, so that one file serves both.
 */
public final class SvgPlot {
  private static final int WIDTH = 760;
  private static final int HEIGHT = 420;
  private static final int LEFT = 70;
  private static final int RIGHT = WIDTH - 190; // the legend's place
  private static final int TOP = 58;
  private static final int BOTTOM = HEIGHT - 52;
  private static final String[] COLOURS = {
    "#2f7fd1", "#d9822b", "#2a9d6f", "#c0559b", "#8a6fd1", "#b8962e", "#d1495b", "#4aa3a8"
  };

  private static final String STYLE =
      """
      <style>
      text { font: 12px system-ui, sans-serif; fill: #808890 }
      .title { font-size: 15px; font-weight: 600 }
      .grid { stroke: #808890; stroke-opacity: .25 }
      .line { fill: none; stroke-width: 2 }
      .dashed { stroke-dasharray: 6 4 }
      </style>
      """;

  private final StringBuilder svg = new StringBuilder();
  private final Chart chart;
  private final Scale x;
  private final Scale y;

  private SvgPlot(Chart chart) {
    this.chart = chart;
    List<Double> xs = new ArrayList<>();
    List<Double> ys = new ArrayList<>();
    for (Chart.Line line : chart.lines()) {
      for (Chart.Point point : line.points()) {
        xs.add(point.x());
        ys.add(point.y());
      }
    }
    x = Scale.of(xs, chart.x().logarithmic(), LEFT, RIGHT);
    y = Scale.of(ys, chart.y().logarithmic(), BOTTOM, TOP);
  }

  /** The chart as an SVG document. */
  public static String draw(Chart chart) {
    return new SvgPlot(chart).draw();
  }

  private String draw() {
    svg.append(
        format(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">%n",
            WIDTH, HEIGHT, escaped(chart.title())));
    svg.append(STYLE);
    text("title", LEFT, 24, "start", chart.title());
    text("", LEFT, 42, "start", chart.subtitle());
    axes();
    for (int i = 0; i < chart.lines().size(); i++) {
      line(chart.lines().get(i), COLOURS[i % COLOURS.length], i);
    }
    return svg.append("</svg>\n").toString();
  }

  private void axes() {
    for (double tick : x.ticks()) {
      rule(x.pixel(tick), TOP, x.pixel(tick), BOTTOM);
      text("", x.pixel(tick), BOTTOM + 18, "middle", label(tick));
    }
    for (double tick : y.ticks()) {
      rule(LEFT, y.pixel(tick), RIGHT, y.pixel(tick));
      text("", LEFT - 8, y.pixel(tick) + 4, "end", label(tick));
    }
    text("", (LEFT + RIGHT) / 2.0, HEIGHT - 12, "middle", chart.x().label());
    svg.append(
        format(
            "<text transform=\"translate(16 %d) rotate(-90)\" text-anchor=\"middle\">%s</text>%n",
            (TOP + BOTTOM) / 2, escaped(chart.y().label())));
  }

  private void line(Chart.Line line, String colour, int place) {
    String dashed = line.dashed() ? " dashed" : "";
    StringBuilder points = new StringBuilder();
    for (Chart.Point point : line.points()) {
      if (shown(point)) {
        double px = x.pixel(point.x());
        double py = y.pixel(point.y());
        points.append(format("%.1f,%.1f ", px, py));
        if (!line.dashed()) {
          svg.append(
              format("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>%n", px, py, colour));
        }
      }
    }
    svg.append(
        format(
            "<polyline class=\"line%s\" stroke=\"%s\" points=\"%s\"/>%n",
            dashed, colour, points.toString().strip()));
    int at = TOP + 8 + 20 * place;
    svg.append(
        format(
            "<line class=\"line%s\" stroke=\"%s\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>%n",
            dashed, colour, RIGHT + 16, at, RIGHT + 40, at));
    text("", RIGHT + 46, at + 4, "start", line.name());
  }

  private boolean shown(Chart.Point point) {
    return Double.isFinite(point.x())
        && Double.isFinite(point.y())
        && (!chart.x().logarithmic() || point.x() > 0)
        && (!chart.y().logarithmic() || point.y() > 0);
  }

  private void rule(double x1, double y1, double x2, double y2) {
    svg.append(
        format(
            "<line class=\"grid\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>%n",
            x1, y1, x2, y2));
  }

  private void text(String style, double atX, double atY, String anchor, String text) {
    svg.append(
        format(
            "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>%n",
            style, atX, atY, anchor, escaped(text)));
  }

  private static String label(double value) {
    double size = Math.abs(value);
    if (size >= 1e9) {
      return trimmed(value / 1e9) + " G";
    }
    if (size >= 1e6) {
      return trimmed(value / 1e6) + " M";
    }
    return size >= 1 || size == 0 ? trimmed(value) : format("%.3g", value);
  }

  private static String trimmed(double value) {
    return value == Math.rint(value)
        ? format("%,.0f", value)
        : format("%.2f", value).replaceAll("0+$", "").replaceAll("\\.$", "");
  }

  private static String format(String text, Object... values) {
    return String.format(Locale.ROOT, text, values);
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }
}
