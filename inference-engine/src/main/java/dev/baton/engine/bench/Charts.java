package dev.baton.engine.bench;

import dev.baton.engine.bench.plot.Chart;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** From a report's rows to the lines of plots. */
public final class Charts {
  private Charts() {}

  /** Rows with equal values of these keys together, under the values joined. */
  public static Map<String, List<Row>> byKey(Report report, List<String> keys) {
    return byRowKey(report.rows(), keys);
  }

  static Map<String, List<Row>> byRowKey(List<Row> rows, List<String> keys) {
    Map<String, List<Row>> parts = new LinkedHashMap<>();
    for (Row row : rows) {
      String name =
          keys.stream().map(key -> String.valueOf(row.get(key))).collect(Collectors.joining(", "));
      parts.computeIfAbsent(name, n -> new ArrayList<>()).add(row);
    }
    return parts;
  }

  /** Points of the rows that have both numbers. */
  public static List<Chart.Point> points(List<Row> rows, String x, String y) {
    List<Chart.Point> points = new ArrayList<>();
    for (Row row : rows) {
      if (row.get(x) instanceof Number at && row.get(y) instanceof Number value) {
        points.add(new Chart.Point(at.doubleValue(), value.doubleValue()));
      }
    }
    return points;
  }

  /** A name of letters, digits and dashes. */
  public static String fileName(String key) {
    return key.toLowerCase(Locale.ROOT).replaceAll("[^0-9a-z]+", "-").replaceAll("^-|-$", "");
  }
}
