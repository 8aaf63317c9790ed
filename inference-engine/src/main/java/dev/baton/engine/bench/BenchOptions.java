package dev.baton.engine.bench;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What every benchmark takes. */
@SuppressWarnings("NullAway.Init") // picocli sets the fields
public final class BenchOptions {
  @Option(names = "--json", description = "Print one JSON object instead of the table.")
  private boolean json;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Also write the results there: JSON, and plots as SVG.")
  private @Nullable Path out;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "Of all that is random (${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--repetitions",
      paramLabel = "N",
      defaultValue = "5",
      description =
          "Measured runs of each case after a warm-up; medians are shown (${DEFAULT-VALUE}).")
  private int repetitions;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Computing threads; without it all processors.")
  private @Nullable Integer threads;

  @Option(
      names = "--read-mib",
      paramLabel = "N",
      defaultValue = "1024",
      hidden = true,
      description = "Memory that the bandwidth is measured on; less only where time matters more.")
  private int readMebibytes;

  public boolean json() {
    return json;
  }

  public @Nullable Path out() {
    return out;
  }

  /** Memory that the read bandwidth is measured on, bytes. */
  long readBytes() {
    return Math.clamp(readMebibytes, 1, 4096) * (1L << 20);
  }

  public long seed() {
    return seed;
  }

  public int repetitions() {
    if (repetitions < 1) {
      throw new IllegalArgumentException("--repetitions must be at least 1, not " + repetitions);
    }
    return repetitions;
  }

  public int threads() {
    int processors = Runtime.getRuntime().availableProcessors();
    if (threads == null) {
      return processors;
    }
    if (threads < 1 || threads > processors) {
      throw new IllegalArgumentException(
          "--threads must be between 1 and this machine's %d processors, not %d"
              .formatted(processors, threads));
    }
    return threads;
  }
}
