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
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code baton bench prefill}: B prompts of P own tokens behind S shared ones, chunk by chunk. */
@Command(
    name = "prefill",
    header = "Measures prefill: B new requests of P own tokens behind system prompts of S tokens.",
    description =
        "tokens/s counts the own tokens that are computed. S = 0, B = 1 is the prefill of a prompt"
            + " alone. Chunks are divided among the requests; the last chunk asks for logits.",
    footerHeading = "%nExample:%n",
    footer =
        "  baton bench prefill --shape 1b --prompt 512 --system 0,2048 --batch 1,8 --relay on,off")
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class PrefillBench implements Runnable {
  private final Terminal terminal;

  @Mixin private BenchOptions options;
  @Mixin private ModelChoice choice;
  @Mixin private PeerOptions peer;

  @Option(
      names = "--prompt",
      paramLabel = "P",
      split = ",",
      defaultValue = "512",
      description = "Own tokens of each request (${DEFAULT-VALUE}).")
  private List<Integer> prompts;

  @Option(
      names = "--system",
      paramLabel = "S",
      split = ",",
      defaultValue = "0",
      description = "Tokens of each tenant's system prompt; 0 for none (${DEFAULT-VALUE}).")
  private List<Integer> systems;

  @Option(
      names = "--batch",
      paramLabel = "B",
      split = ",",
      defaultValue = "1",
      description = "Requests that are prefilled side by side (${DEFAULT-VALUE}).")
  private List<Integer> batches;

  @Option(
      names = "--tenants",
      paramLabel = "N",
      split = ",",
      defaultValue = "1",
      description = "Tenants that share the requests (${DEFAULT-VALUE}).")
  private List<Integer> tenantCounts;

  @Option(
      names = "--relay",
      paramLabel = "MODE",
      split = ",",
      defaultValue = "auto",
      description = "Relay modes to compare (${DEFAULT-VALUE}).")
  private List<RelayMode> modes;

  @Option(
      names = "--chunk",
      paramLabel = "T",
      split = ",",
      defaultValue = "256",
      description = "Tokens of a step at most (${DEFAULT-VALUE}).")
  private List<Integer> chunks;

  private record Case(int prompt, int system, int batch, int tenants, int chunk) {
    /** Tokens of each request in a step. */
    int rowsPerRequest() {
      return Math.max(1, Math.min(prompt, chunk / batch));
    }
  }

  PrefillBench(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public void run() {
    List<Case> cases = cases();
    peer.wanted(); // or fail before anything is measured
    RunHeader header = RunHeader.measure(options);
    List<ModelChoice.Model> models = choice.models(terminal);
    Report report = new Report("prefill", header, columns());
    try (ProgressBar progress =
        new ProgressBar(terminal, "prefill", models.size() * cases.size())) {
      for (ModelChoice.Model model : models) {
        progress.show("opening " + model.name());
        try (GgufFile file = GgufFile.open(model.file())) {
          ModelConfig config = ModelConfig.of(file);
          try (CpuBackend backend = open(file, config, cases)) {
            for (Case c : cases) {
              progress.show(
                  "%s P=%d S=%d B=%d chunk=%d"
                      .formatted(model.name(), c.prompt(), c.system(), c.batch(), c.chunk()));
              measure(model.name(), config, backend, c, header, report);
              if (peer.wanted() && c.system() == 0 && c.batch() == 1) {
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
    for (int prompt : DecodeBench.atLeast(1, "--prompt", prompts)) {
      for (int system : DecodeBench.atLeast(0, "--system", systems)) {
        for (int batch : DecodeBench.atLeast(1, "--batch", batches)) {
          for (int tenants : DecodeBench.atLeast(1, "--tenants", tenantCounts)) {
            for (int chunk : DecodeBench.atLeast(1, "--chunk", chunks)) {
              if (tenants <= batch) {
                cases.add(new Case(prompt, system, batch, tenants, chunk));
              }
            }
          }
        }
      }
    }
    return cases;
  }

  private CpuBackend open(GgufFile file, ModelConfig config, List<Case> cases) {
    int blocks = 1;
    int rows = 1;
    int logits = 1;
    for (Case c : cases) {
      int needed = ForwardBatch.blocksNeeded(c.system(), c.tenants(), c.batch(), c.prompt());
      blocks = Math.max(blocks, needed);
      rows = Math.max(rows, c.rowsPerRequest() * c.batch());
      logits = Math.max(logits, c.batch());
    }
    return CpuBackend.open(
        file,
        config,
        new CpuSettings(options.threads(), blocks, CpuSettings.DEFAULT_BLOCK_TOKENS, rows, logits));
  }

  private void measure(
      String model,
      ModelConfig config,
      CpuBackend backend,
      Case c,
      RunHeader header,
      Report report) {
    ForwardBatch batch =
        new ForwardBatch(
            backend,
            config.vocabSize(),
            c.system(),
            c.tenants(),
            c.batch(),
            c.prompt(),
            options.seed());
    WarmUp.of(() -> modes.forEach(mode -> steps(batch, c, mode).forEach(backend::forward)));
    Map<RelayMode, Samples> seconds = new LinkedHashMap<>();
    for (int repetition = 0; repetition < options.repetitions(); repetition++) {
      for (RelayMode mode : modes) {
        List<Step> steps = steps(batch, c, mode);
        long before = System.nanoTime();
        steps.forEach(backend::forward);
        double took = (System.nanoTime() - before) / 1e9;
        seconds.computeIfAbsent(mode, m -> new Samples()).add(took);
      }
    }
    seconds.forEach((mode, samples) -> {
      double bytes = 0;
      double flops = 0;
      double least = 0;
      for (Step step : steps(batch, c, mode)) {
        StepCost cost =
            StepCost.of(step, config, backend.weightBytes(), backend.kvLayout().bytesPerToken());
        bytes += cost.bytes();
        flops += cost.flops();
        least +=
            Math.max(cost.readSeconds(header.ceilings()), cost.computeSeconds(header.ceilings()));
      }
      double took = samples.median();
      Row row = new Row();
      row.put("engine", "baton");
      row.put("model", model);
      row.put("prompt", c.prompt());
      row.put("system", c.system());
      row.put("batch", c.batch());
      row.put("tenants", c.tenants());
      row.put("chunk", c.chunk());
      row.put("relay", mode.name().toLowerCase(Locale.ROOT));
      row.put("tokensPerSecond", (double) c.prompt() * c.batch() / took);
      row.put("seconds", took);
      row.put("megabytesMoved", bytes / 1e6);
      row.put("gigaflopsPerSecond", flops / 1e9 / took);
      row.put("shareOfF32Peak", flops / took / header.ceilings().fmaFlopsAll());
      row.put("shareOfRoofline", least / took);
      report.add(row);
    });
  }

  private static List<Step> steps(ForwardBatch batch, Case c, RelayMode mode) {
    List<Step> steps = new ArrayList<>();
    for (int held = 0; held < c.prompt(); held += c.rowsPerRequest()) {
      int tokens = Math.min(c.rowsPerRequest(), c.prompt() - held);
      steps.add(batch.step(held, tokens, held + tokens == c.prompt(), mode));
    }
    return steps;
  }

  private Row peerRow(ModelChoice.Model model, Case c) {
    PeerRuns.Result result =
        new PeerRuns(peer, options.threads())
            .prefill(model.file(), c.prompt(), options.repetitions());
    return new Row()
        .put("engine", "llama.cpp")
        .put("model", model.name())
        .put("prompt", c.prompt())
        .put("system", 0)
        .put("batch", 1)
        .put("tenants", 1)
        .put("relay", "fa " + result.flashAttention())
        .put("tokensPerSecond", result.tokensPerSecond())
        .put("seconds", c.prompt() / result.tokensPerSecond());
  }

  private static List<Report.Column> columns() {
    return List.of(
        new Report.Column("engine", "engine", "%s"),
        new Report.Column("model", "model", "%s"),
        new Report.Column("prompt", "P", "%d"),
        new Report.Column("system", "S", "%d"),
        new Report.Column("batch", "B", "%d"),
        new Report.Column("tenants", "tenants", "%d"),
        new Report.Column("chunk", "chunk", "%d"),
        new Report.Column("relay", "relay", "%s"),
        new Report.Column("tokensPerSecond", "tokens/s", "%.1f"),
        new Report.Column("seconds", "seconds", "%.3f"),
        new Report.Column("megabytesMoved", "MB moved", "%.0f"),
        new Report.Column("gigaflopsPerSecond", "GFLOP/s", "%.1f"),
        new Report.Column("shareOfF32Peak", "of f32 peak", "%.2f"),
        new Report.Column("shareOfRoofline", "of roofline", "%.2f"));
  }

  private static void plots(Report report) {
    Charts.byKey(report, List.of("model"))
        .forEach((key, rows) -> {
          List<Chart.Line> lines = new ArrayList<>();
          Charts.byRowKey(rows, List.of("engine", "system", "batch", "relay", "chunk"))
              .forEach((line, own) ->
                  lines.add(
                      new Chart.Line(
                          line, false, Charts.points(own, "prompt", "tokensPerSecond"))));
          report.chart(
              Charts.fileName(key),
              new Chart(
                  "Prefill, " + key,
                  "engine, system tokens, requests, relay, chunk",
                  new Chart.Axis("own tokens of a prompt", true),
                  new Chart.Axis("tokens/s", false),
                  lines));
        });
  }
}
