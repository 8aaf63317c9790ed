package dev.baton.engine.bench;

import dev.baton.engine.bench.plot.Chart;
import dev.baton.engine.bench.plot.SvgPlot;
import dev.baton.engine.cli.JsonText;
import dev.baton.engine.cli.Terminal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The results of a benchmark: a table, and the same as JSON with plots. */
public final class Report {
  private final String name;
  private final RunHeader header;
  private final List<Column> columns;
  private final List<Row> rows = new ArrayList<>();
  private final Map<String, Chart> charts = new LinkedHashMap<>();
  private final List<String> notes = new ArrayList<>();

  /**
   * A column of the table.
   *
   * @param key of the value in a row
   * @param format of {@link String#format} for the value
   */
  public record Column(String key, String heading, String format) {}

  /**
   * @param name of the benchmark, one word
   */
  public Report(String name, RunHeader header, List<Column> columns) {
    this.name = name;
    this.header = header;
    this.columns = List.copyOf(columns);
  }

  /** Adds a result: the table shows the columns' keys, JSON has them all. */
  public void add(Row row) {
    rows.add(row);
  }

  public List<Row> rows() {
    return rows;
  }

  /** Adds a plot, written as {@code NAME-key.svg}. */
  public void chart(String key, Chart chart) {
    charts.put(key, chart);
  }

  /** Adds a sentence below the table. */
  public void note(String text) {
    notes.add(text);
  }

  /** Prints, and writes the files where a folder was named. */
  public void publish(Terminal terminal, BenchOptions options) {
    Map<String, @Nullable Object> all = new LinkedHashMap<>();
    all.put("benchmark", name);
    all.put("header", header.facts());
    all.put("rows", rows.stream().map(Row::values).toList());
    all.put("notes", notes);
    String json = JsonText.line(all);
    terminal.print(options.json() ? json : text());
    Path folder = options.out();
    if (folder != null) {
      write(folder, json);
      charts.keySet().forEach(key -> terminal.error("wrote " + folder.resolve(file(key)) + "\n"));
    }
  }

  private void write(Path folder, String json) {
    try {
      Files.createDirectories(folder);
      Files.writeString(folder.resolve(name + ".json"), json);
      for (Map.Entry<String, Chart> chart : charts.entrySet()) {
        Files.writeString(folder.resolve(file(chart.getKey())), SvgPlot.draw(chart.getValue()));
      }
    } catch (IOException e) {
      throw new Terminal.Failure(
          "%s: can not be written: %s; name another folder with --out"
              .formatted(folder, e.getMessage()));
    }
  }

  private String file(String key) {
    return name + "-" + key + ".svg";
  }

  private String text() {
    StringBuilder text = new StringBuilder();
    header
        .facts()
        .forEach((key, value) -> {
          if (value instanceof Map<?, ?> limits) {
            limits.forEach((limit, amount) -> line(text, String.valueOf(limit), amount));
          } else {
            line(text, key, value);
          }
        });
    text.append('\n');
    List<List<String>> cells = new ArrayList<>();
    cells.add(columns.stream().map(Column::heading).toList());
    for (Row row : rows) {
      cells.add(columns.stream().map(column -> cell(column, row.get(column.key()))).toList());
    }
    int[] widths = new int[columns.size()];
    for (List<String> row : cells) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    for (List<String> row : cells) {
      for (int i = 0; i < widths.length; i++) {
        text.append(i == 0 ? "" : "  ")
            .append(" ".repeat(widths[i] - row.get(i).length()))
            .append(row.get(i));
      }
      text.append('\n');
    }
    notes.forEach(note -> text.append('\n').append(note).append('\n'));
    return text.toString();
  }

  private static void line(StringBuilder text, String key, @Nullable Object value) {
    String shown =
        value instanceof Double number
            ? String.format(Locale.ROOT, number < 1 ? "%.3f" : "%.1f", number)
            : String.valueOf(value);
    text.append("%-26s %s%n".formatted(key, shown));
  }

  private static String cell(Column column, @Nullable Object value) {
    return value == null || value instanceof Double number && number.isNaN()
        ? "-"
        : String.format(Locale.ROOT, column.format(), value);
  }
}
