package dev.baton.platform.bench;

import dev.baton.engine.bench.BenchOptions;
import dev.baton.engine.bench.Charts;
import dev.baton.engine.bench.ModelChoice;
import dev.baton.engine.bench.PeerOptions;
import dev.baton.engine.bench.ProgressBar;
import dev.baton.engine.bench.Report;
import dev.baton.engine.bench.Row;
import dev.baton.engine.bench.RunHeader;
import dev.baton.engine.bench.plot.Chart;
import dev.baton.engine.cli.Terminal;
import dev.baton.engine.scheduler.RelayMode;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code baton bench serve}: chats of many tenants over HTTP. */
@Command(
    name = "serve",
    header = "Measures chats over HTTP, against a platform that it starts itself or a running one.",
    description = {
      "Tenants get requests by a Zipf law and have system prompts of random length. Message and"
          + " answer lengths are log-normal as in ShareGPT (prompt mean 251, median 112; answer mean"
          + " 231, median 146) unless fixed. A request is good when its first text comes within"
          + " --slo-first and each further token takes --slo-token at most on average.",
      "Jain's index is over tenants' tokens per second of their requests' time. The peer gets the"
          + " same requests with the system prompt as their first message."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  baton bench serve --shape 1b --clients 16 --requests 64 --relay auto,off",
      "  baton bench serve --shape 110m --rate 2 --requests 200 --tenants 8"
    })
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class ServeBench implements Runnable {
  private final Terminal terminal;

  @Mixin private BenchOptions options;
  @Mixin private ModelChoice choice;
  @Mixin private PeerOptions peer;
  @Mixin private WorkloadOptions load;

  @Option(
      names = "--url",
      paramLabel = "URL",
      description = "A running platform in place of an own one; needs --admin-token.")
  private @Nullable URI url;

  @Option(
      names = "--admin-token",
      paramLabel = "TOKEN",
      defaultValue = "${env:BATON_ADMIN_TOKEN}",
      description = "Of the platform at --url; BATON_ADMIN_TOKEN in the environment.")
  private @Nullable String adminToken;

  @Option(
      names = "--relay",
      paramLabel = "MODE",
      split = ",",
      defaultValue = "auto",
      description = "Relay modes to compare, an own platform for each (${DEFAULT-VALUE}).")
  private List<RelayMode> modes;

  @Option(
      names = "--decode-latency",
      paramLabel = "MS",
      split = ",",
      defaultValue = "250",
      description =
          "Bounds on what prompts may delay a token to compare, an own platform for each; 0 for none"
              + " (${DEFAULT-VALUE}).")
  private List<Long> decodeLatencies;

  @Option(
      names = "--cold",
      description = "Evict all system prompts before the load begins, so that it starts cold.")
  private boolean cold;

  ServeBench(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public void run() {
    if (url != null && (adminToken == null || adminToken.isBlank())) {
      throw new IllegalArgumentException(
          "--url needs the platform's admin token: --admin-token, or BATON_ADMIN_TOKEN");
    }
    boolean withPeer = peer.wanted();
    Workload workload = load.draw(options.seed());
    RunHeader header = RunHeader.measure(options);
    load.describe(header);
    header.put("systemPromptsAtStart", cold ? "absent" : "resident");
    Report report = new Report("serve", header, columns());
    int servers = url != null ? 1 : modes.size() * decodeLatencies.size();
    int total = (servers + (withPeer ? 1 : 0)) * workload.requests().size();
    try (ProgressBar progress = new ProgressBar(terminal, "serve", total)) {
      if (url != null) {
        measureRunning(url, String.valueOf(adminToken), workload, progress, report);
      } else {
        for (ModelChoice.Model model : choice.models(terminal)) {
          for (RelayMode mode : modes) {
            for (long millis : decodeLatencies) {
              measureOwn(model, mode, millis, workload, progress, report);
            }
          }
          if (withPeer) {
            measurePeer(model, workload, progress, report);
          }
        }
      }
    }
    plots(report);
    report.note(load.sloText());
    report.publish(terminal, options);
  }

  private void measureRunning(
      URI address, String token, Workload workload, ProgressBar progress, Report report) {
    Row row =
        new Row()
            .put("engine", "baton at " + address)
            .put("model", "as served")
            .put("relay", "as served");
    try (AdminClient admin = new AdminClient(address, token)) {
      progress.show("making tenants");
      load(
          LoadTenants.make(admin, address, workload, options.seed(), cold),
          workload,
          progress,
          row,
          report);
    }
  }

  private void measureOwn(
      ModelChoice.Model model,
      RelayMode mode,
      long decodeLatencyMillis,
      Workload workload,
      ProgressBar progress,
      Report report) {
    progress.show("starting a platform");
    Row row =
        new Row()
            .put("engine", "baton")
            .put("model", model.name())
            .put("relay", mode.name().toLowerCase(Locale.ROOT))
            .put("decodeLatencyMillis", decodeLatencyMillis);
    Duration bound = decodeLatencyMillis == 0 ? null : Duration.ofMillis(decodeLatencyMillis);
    try (OwnPlatform platform = OwnPlatform.start(model, mode, bound, options.threads());
        AdminClient admin = new AdminClient(platform.url(), platform.adminToken())) {
      progress.show("making tenants");
      load(
          LoadTenants.make(admin, platform.url(), workload, options.seed(), cold),
          workload,
          progress,
          row,
          report);
    }
  }

  private void measurePeer(
      ModelChoice.Model model, Workload workload, ProgressBar progress, Report report) {
    progress.show("starting llama-server");
    Row row = new Row().put("engine", "llama.cpp").put("model", model.name()).put("relay", "-");
    int slots = load.clients();
    try (PeerServer server =
        PeerServer.start(peer, model.file(), options.threads(), slots, load.longest())) {
      load(server.tenants(workload, options.seed()), workload, progress, row, report);
    }
  }

  private void load(
      LoadTenants tenants, Workload workload, ProgressBar progress, Row row, Report report) {
    ChatLoad chats =
        new ChatLoad(
            tenants.targets(),
            tenants.words(),
            options.seed(),
            answer -> {
              progress.step();
              progress.show("tenant " + answer.tenant());
            });
    List<Answer> answers =
        load.poisson()
            ? chats.open(workload.requests())
            : chats.closed(workload.requests(), load.clients());
    LoadSummary.into(row, answers, load.slo());
    report.add(row);
    answers.stream()
        .filter(answer -> answer.error() != null)
        .findFirst()
        .ifPresent(answer ->
            report.note(
                "The first failed request of %s: %s."
                    .formatted(row.get("engine"), answer.error())));
  }

  private static List<Report.Column> columns() {
    return List.of(
        new Report.Column("engine", "engine", "%s"),
        new Report.Column("model", "model", "%s"),
        new Report.Column("relay", "relay", "%s"),
        new Report.Column("decodeLatencyMillis", "bound ms", "%d"),
        new Report.Column("requests", "requests", "%d"),
        new Report.Column("failed", "failed", "%d"),
        new Report.Column("seconds", "seconds", "%.1f"),
        new Report.Column("requestsPerSecond", "req/s", "%.2f"),
        new Report.Column("tokensPerSecond", "tokens/s", "%.1f"),
        new Report.Column("firstTokenP50Millis", "TTFT p50", "%.0f"),
        new Report.Column("firstTokenP95Millis", "p95", "%.0f"),
        new Report.Column("firstTokenP99Millis", "p99 ms", "%.0f"),
        new Report.Column("perTokenP50Millis", "TPOT p50", "%.1f"),
        new Report.Column("perTokenP95Millis", "p95", "%.1f"),
        new Report.Column("perTokenP99Millis", "p99 ms", "%.1f"),
        new Report.Column("gapP99Millis", "gap p99 ms", "%.0f"),
        new Report.Column("goodputPerSecond", "good req/s", "%.2f"),
        new Report.Column("goodShare", "good", "%.2f"),
        new Report.Column("jain", "Jain", "%.3f"));
  }

  private static void plots(Report report) {
    List<Chart.Line> lines = new ArrayList<>();
    for (Row row : report.rows()) {
      List<Chart.Point> points = new ArrayList<>();
      for (int percentile : new int[] {50, 95, 99}) {
        if (row.get("firstTokenP" + percentile + "Millis") instanceof Number value) {
          points.add(new Chart.Point(percentile, value.doubleValue()));
        }
      }
      lines.add(new Chart.Line(row.get("engine") + ", relay " + row.get("relay"), false, points));
    }
    report.chart(
        Charts.fileName("first token"),
        new Chart(
            "Time to the first token",
            "percentiles over requests",
            new Chart.Axis("percentile", false),
            new Chart.Axis("ms", true),
            lines));
  }
}
