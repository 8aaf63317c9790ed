package dev.baton.engine.bench;

import dev.baton.engine.backend.Step;
import dev.baton.engine.backend.cpu.CpuBackend;
import dev.baton.engine.backend.cpu.CpuSettings;
import dev.baton.engine.bench.plot.Chart;
import dev.baton.engine.cli.Terminal;
import dev.baton.engine.gguf.GgufFile;
import dev.baton.engine.model.ModelConfig;
import dev.baton.engine.scheduler.RelayMode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code baton bench decode}: one token for each of B sequences, behind S shared tokens. */
@Command(
    name = "decode",
    header =
        "Measures decode steps: B sequences of some tenants behind system prompts of S tokens.",
    description =
        "tokens/s is B over the median step. Of the roofline: the least time that reading the bytes"
            + " (weights, keys, values) at this machine's bandwidth or computing at its f32 peak"
            + " takes, over the measured time; integer or matrix units may exceed the latter.",
    footerHeading = "%nExample:%n",
    footer = "  baton bench decode --shape 1b --type Q8_0,Q4_0 --system 512,2048 --batch 1,32")
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class DecodeBench implements Runnable {
  private final Terminal terminal;

  @Mixin private BenchOptions options;
  @Mixin private ModelChoice choice;
  @Mixin private PeerOptions peer;

  @Option(
      names = "--system",
      paramLabel = "S",
      split = ",",
      defaultValue = "512,2048",
      description = "Tokens of each tenant's system prompt; 0 for none (${DEFAULT-VALUE}).")
  private List<Integer> systems;

  @Option(
      names = "--batch",
      paramLabel = "B",
      split = ",",
      defaultValue = "1,8,32",
      description = "Sequences in all (${DEFAULT-VALUE}).")
  private List<Integer> batches;

  @Option(
      names = "--tenants",
      paramLabel = "N",
      split = ",",
      defaultValue = "1",
      description = "Tenants that share the sequences (${DEFAULT-VALUE}).")
  private List<Integer> tenantCounts;

  @Option(
      names = "--relay",
      paramLabel = "MODE",
      split = ",",
      defaultValue = "on,off,auto",
      description = "Relay modes to compare (${DEFAULT-VALUE}).")
  private List<RelayMode> modes;

  @Option(
      names = "--context",
      paramLabel = "C",
      defaultValue = "64",
      description = "Own tokens of each sequence before the first step (${DEFAULT-VALUE}).")
  private int context;

  private record Case(int system, int batch, int tenants) {}

  DecodeBench(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public void run() {
    List<Case> cases = cases();
    peer.wanted(); // or fail before anything is measured
    RunHeader header = RunHeader.measure(options);
    List<ModelChoice.Model> models = choice.models(terminal);
    header.put("ownTokens", context);
    Report report = new Report("decode", header, columns());
    int steps = (options.repetitions() + 1) * modes.size();
    try (ProgressBar progress = new ProgressBar(terminal, "decode", models.size() * cases.size())) {
      for (ModelChoice.Model model : models) {
        progress.show("opening " + model.name());
        try (GgufFile file = GgufFile.open(model.file())) {
          ModelConfig config = ModelConfig.of(file);
          try (CpuBackend backend = open(file, config, cases, steps)) {
            for (Case c : cases) {
              progress.show(
                  "%s S=%d B=%d tenants=%d"
                      .formatted(model.name(), c.system(), c.batch(), c.tenants()));
              measure(model.name(), config, backend, c, header, report);
              if (peer.wanted() && c.tenants() == 1) {
                progress.show("llama.cpp, " + model.name());
                report.add(peerRow(model, c));
              }
              progress.step();
            }
          }
        }
      }
    }
    plots(report);
    report.publish(terminal, options);
  }

  private List<Case> cases() {
    List<Case> cases = new ArrayList<>();
    for (int system : atLeast(0, "--system", systems)) {
      for (int batch : atLeast(1, "--batch", batches)) {
        for (int tenants : atLeast(1, "--tenants", tenantCounts)) {
          if (tenants <= batch) {
            cases.add(new Case(system, batch, tenants));
          }
        }
      }
    }
    atLeast(1, "--context", List.of(context));
    return cases;
  }

  static List<Integer> atLeast(int least, String option, List<Integer> values) {
    for (int value : values) {
      if (value < least || value > 1_000_000) {
        throw new IllegalArgumentException(
            "%s must be between %d and 1000000, not %d".formatted(option, least, value));
      }
    }
    return values;
  }

  private CpuBackend open(GgufFile file, ModelConfig config, List<Case> cases, int steps) {
    int blocks =
        cases.stream()
            .mapToInt(
                c -> ForwardBatch.blocksNeeded(c.system(), c.tenants(), c.batch(), context + steps))
            .max()
            .orElse(1);
    int rows = cases.stream().mapToInt(Case::batch).max().orElse(1);
    return CpuBackend.open(
        file,
        config,
        new CpuSettings(options.threads(), blocks, CpuSettings.DEFAULT_BLOCK_TOKENS, rows, rows));
  }

  private void measure(
      String model,
      ModelConfig config,
      CpuBackend backend,
      Case c,
      RunHeader header,
      Report report) {
    int steps = (options.repetitions() + 1) * modes.size();
    ForwardBatch batch =
        new ForwardBatch(
            backend,
            config.vocabSize(),
            c.system(),
            c.tenants(),
            c.batch(),
            context + steps,
            options.seed());
    Map<RelayMode, Samples> seconds = new LinkedHashMap<>();
    Map<RelayMode, Samples> attention = new LinkedHashMap<>();
    // Writes where the first measured step writes again.
    WarmUp.of(() -> modes.forEach(mode -> backend.forward(batch.step(context, 1, true, mode))));
    int held = context;
    for (int repetition = -1; repetition < options.repetitions(); repetition++) {
      for (RelayMode mode : modes) {
        Step step = batch.step(held++, 1, true, mode);
        long attentionBefore = backend.attentionNanos();
        long before = System.nanoTime();
        backend.forward(step);
        double took = (System.nanoTime() - before) / 1e9;
        if (repetition >= 0) { // the first one warms up
          seconds.computeIfAbsent(mode, m -> new Samples()).add(took);
          attention
              .computeIfAbsent(mode, m -> new Samples())
              .add((backend.attentionNanos() - attentionBefore) / 1e9);
        }
      }
    }
    seconds.forEach((mode, samples) -> {
      StepCost cost =
          StepCost.of(
              batch.step(context + steps / 2, 1, true, mode),
              config,
              backend.weightBytes(),
              backend.kvLayout().bytesPerToken());
      Row row = new Row();
      row.put("engine", "baton");
      row.put("model", model);
      row.put("system", c.system());
      row.put("batch", c.batch());
      row.put("tenants", c.tenants());
      row.put("relay", mode.name().toLowerCase(java.util.Locale.ROOT));
      double step = samples.median();
      row.put("tokensPerSecond", c.batch() / step);
      row.put("stepMillis", step * 1e3);
      row.put("attentionMillis", attention.getOrDefault(mode, samples).median() * 1e3);
      row.put("megabytesMoved", cost.bytes() / 1e6);
      double read = cost.readSeconds(header.ceilings());
      double compute = cost.computeSeconds(header.ceilings());
      row.put("shareOfBandwidth", read / step);
      row.put("shareOfF32Peak", compute / step);
      row.put("shareOfRoofline", Math.max(read, compute) / step);
      report.add(row);
    });
  }

  private Row peerRow(ModelChoice.Model model, Case c) {
    PeerRuns.Result result =
        new PeerRuns(peer, options.threads()).decode(model.file(), c.system(), c.batch());
    return new Row()
        .put("engine", "llama.cpp")
        .put("model", model.name())
        .put("system", c.system())
        .put("batch", c.batch())
        .put("tenants", c.tenants())
        .put("relay", "fa " + result.flashAttention())
        .put("tokensPerSecond", result.tokensPerSecond())
        .put("stepMillis", c.batch() * 1e3 / result.tokensPerSecond());
  }

  private static List<Report.Column> columns() {
    return List.of(
        new Report.Column("engine", "engine", "%s"),
        new Report.Column("model", "model", "%s"),
        new Report.Column("system", "S", "%d"),
        new Report.Column("batch", "B", "%d"),
        new Report.Column("tenants", "tenants", "%d"),
        new Report.Column("relay", "relay", "%s"),
        new Report.Column("tokensPerSecond", "tokens/s", "%.1f"),
        new Report.Column("stepMillis", "step ms", "%.2f"),
        new Report.Column("attentionMillis", "attention ms", "%.2f"),
        new Report.Column("megabytesMoved", "MB moved", "%.0f"),
        new Report.Column("shareOfBandwidth", "of bandwidth", "%.2f"),
        new Report.Column("shareOfF32Peak", "of f32 peak", "%.2f"),
        new Report.Column("shareOfRoofline", "of roofline", "%.2f"));
  }

  /** Tokens a second over the batch, a plot for each model and system length. */
  private static void plots(Report report) {
    Charts.byKey(report, List.of("model", "system"))
        .forEach((key, rows) -> {
          List<Chart.Line> lines = new ArrayList<>();
          Charts.byRowKey(rows, List.of("engine", "relay", "tenants"))
              .forEach((line, own) ->
                  lines.add(
                      new Chart.Line(
                          line.replace("baton, ", "relay "),
                          false,
                          Charts.points(own, "batch", "tokensPerSecond"))));
          report.chart(
              Charts.fileName(key),
              new Chart(
                  "Decode, " + key.replace(", ", ", S = "),
                  "tokens a second of all sequences",
                  new Chart.Axis("sequences", true),
                  new Chart.Axis("tokens/s", false),
                  lines));
        });
  }
}
