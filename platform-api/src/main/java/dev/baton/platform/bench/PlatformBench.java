package dev.baton.platform.bench;

import dev.baton.engine.bench.BenchCommand;
import dev.baton.engine.cli.Terminal;
import java.util.Arrays;

/** All benchmarks: the engine's, and those of the platform over HTTP. */
public final class PlatformBench {
  private static final Class<?>[] OVER_HTTP = {ServeBench.class, PlatformCommand.class};

  private PlatformBench() {}

  /**
   * Runs {@code bench ...} and ends the process with its exit code.
   *
   * @param args the whole command line
   */
  public static void main(String[] args) {
    String[] benchmark = Arrays.copyOfRange(args, 1, args.length);
    System.exit(
        Terminal.withStandardStreams(terminal -> BenchCommand.run(terminal, OVER_HTTP, benchmark)));
  }
}
