package dev.baton.engine.bench;

import dev.baton.engine.backend.cpu.AttentionBenchmark;
import dev.baton.engine.backend.cpu.ProductBenchmark;
import dev.baton.engine.backend.cpu.RowBenchmark;
import dev.baton.engine.bench.plot.Chart;
import dev.baton.engine.cli.Terminal;
import dev.baton.engine.tensor.TensorType;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.regex.Pattern;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code baton bench ops}: single operators under JMH, in this process. */
@Command(
    name = "ops",
    header = "Measures single operators: products of each tensor type, attention, norms.",
    description =
        "JMH in this process, average times. A product multiplies M rows of activations with N x K"
            + " weights that the caches do not hold.",
    footerHeading = "%nExample:%n",
    footer = "  baton bench ops --type Q8_0,Q4_0 --rows 1,8,32,512")
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class OpsBench implements Runnable {
  private static final Pattern SHAPE = Pattern.compile("(\\d{1,6})x(\\d{1,6})");

  private final Terminal terminal;

  @Mixin private BenchOptions options;

  @Option(
      names = "--type",
      paramLabel = "TYPE",
      split = ",",
      defaultValue = "F32,F16,BF16,Q8_0,Q4_0,Q4_1,Q5_0,Q5_1,Q4_K,Q5_K,Q6_K",
      description = "Tensor types of the weights (all).")
  private List<TensorType> types;

  @Option(
      names = "--rows",
      paramLabel = "M",
      split = ",",
      defaultValue = "1,2,4,8,16,32,64,128,256,512",
      description = "Rows of activations (${DEFAULT-VALUE}).")
  private List<Integer> rows;

  @Option(
      names = "--shape",
      paramLabel = "NxK",
      defaultValue = "8192x2048",
      description = "Outputs and inputs of the weights (${DEFAULT-VALUE}).")
  private String shape;

  @Option(
      names = "--time",
      paramLabel = "MS",
      defaultValue = "200",
      description = "Length of the warm-up and of each repetition (${DEFAULT-VALUE}).")
  private int millis;

  OpsBench(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public void run() {
    DecodeBench.atLeast(1, "--rows", rows);
    DecodeBench.atLeast(1, "--time", List.of(millis));
    if (!SHAPE.matcher(shape).matches()) {
      throw new IllegalArgumentException(
          "--shape is outputs x inputs, such as 8192x2048, not " + shape);
    }
    RunHeader header = RunHeader.measure(options);
    header.put("shape", shape);
    Report report = new Report("ops", header, columns());
    try (ProgressBar progress = new ProgressBar(terminal, "ops", types.size() * rows.size() + 2)) {
      for (TensorType type : types) {
        for (int count : rows) {
          progress.show(type + " M=" + count);
          run(
                  ProductBenchmark.class,
                  builder ->
                      builder
                          .param("type", type.name())
                          .param("rows", String.valueOf(count))
                          .param("shape", shape)
                          .param("threads", String.valueOf(options.threads())))
              .forEach(result -> report.add(product(result, type, count, header)));
          progress.step();
        }
      }
      progress.show("attention");
      run(
              AttentionBenchmark.class,
              builder -> builder.param("threads", String.valueOf(options.threads())))
          .forEach(result -> report.add(attention(result, header)));
      progress.step();
      progress.show("norms");
      run(RowBenchmark.class, builder -> {}).forEach(result -> report.add(norm(result)));
    }
    plot(report);
    report.publish(terminal, options);
  }

  private interface Parameters {
    void on(ChainedOptionsBuilder builder);
  }

  private Collection<RunResult> run(Class<?> benchmark, Parameters parameters) {
    ChainedOptionsBuilder builder =
        new OptionsBuilder()
            .include("\\b" + benchmark.getSimpleName() + "\\b")
            .forks(0)
            .warmupIterations(1)
            .warmupTime(TimeValue.milliseconds(millis))
            .measurementIterations(options.repetitions())
            .measurementTime(TimeValue.milliseconds(millis))
            .verbosity(VerboseMode.SILENT);
    parameters.on(builder);
    System.setProperty("jmh.ignoreLock", "true"); // the header says what else ran
    try {
      return new Runner(builder.build()).run();
    } catch (RunnerException e) {
      throw new IllegalStateException(benchmark.getSimpleName() + " did not run", e);
    }
  }

  private static double micros(RunResult result) {
    return result.getPrimaryResult().getStatistics().getPercentile(50);
  }

  private static int parameter(RunResult result, String name) {
    return Integer.parseInt(result.getParams().getParam(name));
  }

  private Row product(RunResult result, TensorType type, int count, RunHeader header) {
    var numbers = SHAPE.matcher(shape);
    if (!numbers.matches()) {
      throw new IllegalStateException("shape " + shape);
    }
    double elements = Double.parseDouble(numbers.group(1)) * Double.parseDouble(numbers.group(2));
    double seconds = micros(result) / 1e6;
    double bytes = type.sizeBytes((long) elements);
    double flops = 2.0 * count * elements;
    return row("product", type.name(), count, seconds)
        .put("gigabytesPerSecond", bytes / seconds / 1e9)
        .put("gigaflopsPerSecond", flops / seconds / 1e9)
        .put("shareOfBandwidth", bytes / seconds / header.ceilings().readBytesPerSecondAll())
        .put("shareOfF32Peak", flops / seconds / header.ceilings().fmaFlopsAll());
  }

  /** 32 query heads of 64: two products of each query with each key or value element. */
  private static Row attention(RunResult result, RunHeader header) {
    int shared = parameter(result, "shared");
    int count = parameter(result, "rows");
    double seconds = micros(result) / 1e6;
    double flops = 4.0 * count * (shared + AttentionBenchmark.OWN) * 32 * 64;
    return row("attention, relayed", shared + " shared", count, seconds)
        .put("gigaflopsPerSecond", flops / seconds / 1e9)
        .put("shareOfF32Peak", flops / seconds / header.ceilings().fmaFlopsAll());
  }

  private static Row norm(RunResult result) {
    String name = result.getPrimaryResult().getLabel();
    return row(name, result.getParams().getParam("length"), 1, micros(result) / 1e6);
  }

  private static Row row(String operator, String what, int count, double seconds) {
    return new Row()
        .put("operator", operator)
        .put("type", what)
        .put("rows", count)
        .put("micros", seconds * 1e6);
  }

  private static List<Report.Column> columns() {
    return List.of(
        new Report.Column("operator", "operator", "%s"),
        new Report.Column("type", "type", "%s"),
        new Report.Column("rows", "M", "%d"),
        new Report.Column("micros", "us", "%.2f"),
        new Report.Column("gigabytesPerSecond", "GB/s", "%.1f"),
        new Report.Column("gigaflopsPerSecond", "GFLOP/s", "%.1f"),
        new Report.Column("shareOfBandwidth", "of bandwidth", "%.2f"),
        new Report.Column("shareOfF32Peak", "of f32 peak", "%.2f"));
  }

  private void plot(Report report) {
    List<Chart.Line> lines = new ArrayList<>();
    Charts.byKey(report, List.of("operator", "type"))
        .forEach((key, own) -> {
          if (key.startsWith("product")) {
            lines.add(
                new Chart.Line(
                    key.substring("product, ".length()),
                    false,
                    Charts.points(own, "rows", "gigaflopsPerSecond")));
          }
        });
    report.chart(
        "products",
        new Chart(
            "Products of " + shape + " weights",
            "Y = X W, f32 results",
            new Chart.Axis("rows M of activations", true),
            new Chart.Axis("GFLOP/s", false),
            lines));
  }
}
