package dev.baton.engine.bench;

import dev.baton.engine.cli.CommandRunner;
import dev.baton.engine.cli.Terminal;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** {@code baton bench}: the family of benchmarks; those over HTTP join it from the platform. */
@Command(
    name = "baton bench",
    header = "Measures Baton on this machine, beside what the machine can do at most.",
    description =
        "Each benchmark prints a table under a header that names commit, machine and shapes; --json"
            + " prints JSON, --out DIR writes JSON and plots. Cases take turns, so that a disturbed"
            + " machine disturbs them alike, and how much of it others took is stated.",
    synopsisSubcommandLabel = "BENCHMARK",
    subcommands = {OpsBench.class, RelayBench.class, DecodeBench.class, PrefillBench.class})
public final class BenchCommand implements Runnable {
  /** Held, or its level would go with it. */
  private static final Logger LOG = Logger.getLogger("dev.baton");

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      scope = ScopeType.INHERIT,
      description = "Print this help.")
  @SuppressWarnings({"unused", "UnusedVariable"}) // picocli asks the option, not the field
  private boolean help;

  private BenchCommand() {}

  /**
   * Runs a command line without its first word, {@code bench}.
   *
   * @param more benchmarks of other modules
   * @return the exit code
   */
  public static int run(Terminal terminal, Class<?>[] more, String... args) {
    LOG.setLevel(Level.WARNING); // a line for each request is for servers
    return CommandRunner.of(new BenchCommand(), terminal, more).run(args);
  }

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(),
        "say what to measure: " + String.join(", ", spec.subcommands().keySet()));
  }
}
