package dev.baton.platform.bench;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** {@code baton bench platform}: what the platform costs with everything on. */
@Command(
    name = "platform",
    header = "Measures what the platform adds, with auth, limits and metering on.",
    description = {
      "The platform runs in a process of its own with its own Redis, around an engine that answers"
          + " at once; 200 keys of 10 tenants with a system prompt ask it over HTTP.",
      "First token: requests come at a fixed mean rate whether or not earlier ones are answered"
          + " (open loop); time counts from when a request was due, so it holds the network, the"
          + " whole platform and what the load generator beside it costs. Redis has 10 s to answer,"
          + " not the usual 500 ms: a disk that stalls shows as latency and not as refusals.",
      "Bare server: the same engine under the same load behind an HTTP server that does nothing"
          + " else, warmed as long; overhead: how much later the platform's percentiles are.",
      "Open streams: each gets a token a second; heap is what lives after a collection."
    })
final class PlatformCommand implements Callable<Integer> {
  private static final int TENANTS = 10;
  private static final int KEYS_PER_TENANT = 20;
  private static final String PROMPT =
      "You answer for a shop and know its opening hours. ".repeat(100);

  @Spec private @Nullable CommandSpec spec;

  @Option(names = "--rate", paramLabel = "N", description = "Requests a second (500).")
  private int rate = 500;

  @Option(names = "--seconds", paramLabel = "N", description = "How long to measure (20).")
  private int seconds = 20;

  @Option(names = "--warm-up", paramLabel = "N", description = "Seconds not counted (60).")
  private int warmUp = 60;

  @Option(names = "--streams", paramLabel = "N", description = "Open streams (2000).")
  private int streams = 2000;

  @Option(names = "--heap", paramLabel = "MIB", description = "The platform's heap, MiB (512).")
  private int heap = 512;

  @Option(
      names = "--soak",
      paramLabel = "MINUTES",
      description =
          "Then goes on at the rate for so long; shows heap and latency each half minute.")
  private int soakMinutes;

  @Option(names = "--seed", paramLabel = "N", description = "Of the arrivals (1).")
  private long seed = 1;

  @Option(names = "--json", description = "Print one JSON object instead of the table.")
  private boolean json;

  @Override
  public Integer call() throws IOException, InterruptedException {
    requireRange("--rate", rate, 1, 100_000);
    requireRange("--seconds", seconds, 1, 3600);
    requireRange("--warm-up", warmUp, 0, 3600);
    requireRange("--streams", streams, 0, 20_000);
    requireRange("--heap", heap, 128, 65_536);
    requireRange("--soak", soakMinutes, 0, 24 * 60);
    Path directory = Files.createTempDirectory("baton-bench");
    try (PlatformProcess platform = PlatformProcess.start(directory, heap)) {
      Map<String, Object> results = measure(platform);
      PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
      out.println(json ? JsonMapper.shared().writeValueAsString(results) : table(results));
      out.flush();
    } finally {
      delete(directory);
    }
    return 0;
  }

  private Map<String, Object> measure(PlatformProcess platform)
      throws IOException, InterruptedException {
    List<String> keys = new ArrayList<>();
    for (int tenant = 0; tenant < TENANTS; tenant++) {
      keys.addAll(platform.tenant("Bench " + tenant, PROMPT, KEYS_PER_TENANT));
    }
    Map<String, Object> results = new LinkedHashMap<>();
    results.put("processors", Runtime.getRuntime().availableProcessors());
    results.put("java", Runtime.version().toString());
    results.put("heapMaxMiB", heap);
    results.put("rate", rate);
    results.put("warmUpSeconds", warmUp);
    OpenLoad load = new OpenLoad(platform.port(), keys, rate, seed);
    try (MeasuredProcess bare = MeasuredProcess.start(BareServer.class, heap)) {
      OpenLoad bareLoad = new OpenLoad(bare.port(), keys, rate, seed);
      bareLoad.run(Duration.ofSeconds(warmUp));
      load.run(Duration.ofSeconds(warmUp));
      OpenLoad.Result whole = load.run(Duration.ofSeconds(seconds));
      OpenLoad.Result without = bareLoad.run(Duration.ofSeconds(seconds));
      results.put("firstToken", whole.summary());
      results.put("bareServer", without.summary());
      results.put("overhead", overhead(whole, without));
    }
    results.put("heapAfterLoadMiB", mebibytes(platform.liveHeapBytes()));
    if (streams > 0) {
      try (OpenStreams open = OpenStreams.open(platform.port(), keys, streams)) {
        results.put("streams", open.alive(Duration.ofSeconds(4)));
        results.put("heapWithStreamsMiB", mebibytes(platform.liveHeapBytes()));
      }
    }
    if (soakMinutes > 0) {
      results.put("soak", soak(platform, load));
    }
    return results;
  }

  private static Map<String, Object> overhead(OpenLoad.Result whole, OpenLoad.Result without) {
    Map<String, Object> overhead = new LinkedHashMap<>();
    for (int percent : new int[] {50, 90, 99}) {
      double millis = whole.percentileMillis(percent) - without.percentileMillis(percent);
      overhead.put("p" + percent + "Millis", Math.round(100 * millis) / 100.0);
    }
    return overhead;
  }

  /** Live heap and latency each half minute, under the same load. */
  private Map<String, Object> soak(PlatformProcess platform, OpenLoad load)
      throws IOException, InterruptedException {
    List<Double> curve = new ArrayList<>();
    curve.add(mebibytes(platform.liveHeapBytes()));
    long requests = 0;
    long refused = 0;
    List<Double> middle = new ArrayList<>();
    List<Double> slowest = new ArrayList<>();
    for (int half = 0; half < 2 * soakMinutes; half++) {
      OpenLoad.Result part = load.run(Duration.ofSeconds(30));
      requests += part.answered();
      refused += part.refused();
      middle.add(Math.round(100 * part.percentileMillis(50)) / 100.0);
      slowest.add(Math.round(100 * part.percentileMillis(99)) / 100.0);
      curve.add(mebibytes(platform.liveHeapBytes()));
    }
    int third = Math.max(1, curve.size() / 3);
    double early = curve.subList(0, third).stream().mapToDouble(x -> x).max().orElseThrow();
    double late =
        curve.subList(curve.size() - third, curve.size()).stream()
            .mapToDouble(x -> x)
            .max()
            .orElseThrow();
    Map<String, Object> soak = new LinkedHashMap<>();
    soak.put("minutes", soakMinutes);
    soak.put("requests", requests);
    soak.put("refused", refused);
    soak.put("p50Millis", middle);
    soak.put("p99Millis", slowest);
    soak.put("liveHeapMiB", curve);
    soak.put("lastThirdOverFirst", Math.round(100 * late / early) / 100.0);
    return soak;
  }

  private static String table(Map<String, Object> results) {
    StringBuilder table = new StringBuilder();
    results.forEach((name, value) -> {
      if (value instanceof Map<?, ?> parts) {
        table.append("%s%n".formatted(name));
        parts.forEach((part, of) -> table.append("  %-24s %s%n".formatted(part, of)));
      } else {
        table.append("%-26s %s%n".formatted(name, value));
      }
    });
    return table.toString();
  }

  private static double mebibytes(long bytes) {
    return Math.round(10.0 * bytes / (1 << 20)) / 10.0;
  }

  private void requireRange(String option, int value, int low, int high) {
    if (value < low || value > high) {
      throw new ParameterException(
          Objects.requireNonNull(spec).commandLine(),
          "%s must be between %d and %d, not %d".formatted(option, low, high, value));
    }
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
