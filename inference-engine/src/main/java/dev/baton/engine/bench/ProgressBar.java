package dev.baton.engine.bench;

import dev.baton.engine.cli.Terminal;
import java.time.Duration;

/**
 * How far a benchmark is, on the terminal's other stream: a bar that is drawn over itself where
 * somebody watches, a line now and then otherwise.
 */
public final class ProgressBar implements AutoCloseable {
  private static final int WIDTH = 24;
  private static final long LINE_NANOS = Duration.ofSeconds(15).toNanos();

  private final Terminal terminal;
  private final String name;
  private final int total;
  private final boolean watched;
  private final long start = System.nanoTime();
  private long lastLine = start;
  private int done;

  /**
   * @param total steps in all
   */
  public ProgressBar(Terminal terminal, String name, int total) {
    this.terminal = terminal;
    this.name = name;
    this.total = Math.max(1, total);
    this.watched = System.console() != null && System.console().isTerminal();
  }

  /** Says what is being done now. */
  public void show(String what) {
    long now = System.nanoTime();
    if (watched) {
      int filled = WIDTH * done / total;
      terminal.error(
          "\r\u001b[K%s [%s%s] %d/%d %s%s"
              .formatted(
                  name,
                  "#".repeat(filled),
                  "-".repeat(WIDTH - filled),
                  done,
                  total,
                  what,
                  left(now)));
    } else if (now - lastLine >= LINE_NANOS) {
      lastLine = now;
      terminal.error("%s %d/%d %s%s%n".formatted(name, done, total, what, left(now)));
    }
  }

  /** One step is done. */
  public void step() {
    done = Math.min(total, done + 1);
  }

  private String left(long now) {
    if (done == 0) {
      return "";
    }
    long seconds = Duration.ofNanos((now - start) / done * (total - done)).toSeconds();
    return seconds < 2 ? "" : ", about %d:%02d left".formatted(seconds / 60, seconds % 60);
  }

  @Override
  public void close() {
    if (watched) {
      terminal.error("\r\u001b[K");
    }
  }
}
