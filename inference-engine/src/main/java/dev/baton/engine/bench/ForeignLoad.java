package dev.baton.engine.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * How much of the machine other processes took while a benchmark ran: the machine's busy time less
 * this process's and its children's. Known on Linux only.
 */
final class ForeignLoad {
  private static final Path STAT = Path.of("/proc/stat");
  private static final Path OWN_STAT = Path.of("/proc/self/stat");
  private static final double NANOS_PER_TICK = 1e7; // USER_HZ is 100 on every Linux that runs Java

  private final @Nullable Double busyAtStart = busyNanos();
  private final double ownAtStart = ownNanos();
  private final long start = System.nanoTime();

  private ForeignLoad() {}

  static ForeignLoad start() {
    return new ForeignLoad();
  }

  /** Share of all processors' time, or null where it is not known. */
  @Nullable Double share() {
    Double busy = busyNanos();
    if (busy == null || busyAtStart == null) {
      return null;
    }
    double others = busy - busyAtStart - (ownNanos() - ownAtStart);
    double all = (double) (System.nanoTime() - start) * Runtime.getRuntime().availableProcessors();
    return Math.clamp(Math.round(1000 * others / all) / 1000.0, 0, 1);
  }

  /** User, nice, system, interrupts and steal of all processors since the machine's start. */
  private static @Nullable Double busyNanos() {
    try {
      if (!Files.isReadable(STAT)) {
        return null;
      }
      String[] fields = Files.readAllLines(STAT).getFirst().strip().split("\\s+");
      double ticks = 0;
      for (int i = 1; i < Math.min(fields.length, 9); i++) {
        if (i != 4 && i != 5) { // idle, waiting for disks
          ticks += Long.parseLong(fields[i]);
        }
      }
      return ticks * NANOS_PER_TICK;
    } catch (IOException e) {
      return null;
    }
  }

  /** This process, children that have ended (a peer's runs) and those that run. */
  private static double ownNanos() {
    double live =
        ProcessHandle.current()
            .descendants()
            .mapToDouble(child ->
                child.info().totalCpuDuration().map(Duration::toNanos).orElse(0L).doubleValue())
            .sum();
    try {
      String stat = Files.readString(OWN_STAT);
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
      double ticks = 0;
      for (int i = 11; i < 15; i++) { // own user and system time, the same of ended children
        ticks += Long.parseLong(fields[i]);
      }
      return ticks * NANOS_PER_TICK + live;
    } catch (IOException e) {
      return live;
    }
  }

  @Override
  public String toString() {
    Double share = share();
    return share == null ? "unknown" : String.format(Locale.ROOT, "%.1f %%", 100 * share);
  }
}
