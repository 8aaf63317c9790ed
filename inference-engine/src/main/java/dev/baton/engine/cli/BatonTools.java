package dev.baton.engine.cli;

import java.io.InputStream;
import java.io.OutputStream;
import java.util.Set;
import java.util.TreeSet;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/**
 * The developer's tools: they need a model file and no server. Results go to the standard output,
 * machine-readable; errors are one line on the standard error.
 *
 * <p>Exit codes: 0 done, 1 it failed, 2 the command line is wrong.
 */
@Command(
    name = "baton",
    description = "Looks into model files and runs them without a server.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      GenerateCommand.class,
      ScoreCommand.class,
      TokenizeCommand.class,
      DetokenizeCommand.class,
      TemplateCommand.class,
      ModelCommand.class,
      DoctorCommand.class
    })
public final class BatonTools implements Runnable {
  /** Held, or its level would go with it. */
  private static final Logger ENGINE_LOG = Logger.getLogger("dev.baton.engine");

  private static final Set<String> COMMANDS =
      Set.of("generate", "score", "tokenize", "detokenize", "template", "model", "doctor");

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

  private BatonTools() {}

  public static void main(String[] args) {
    System.exit(run(args));
  }

  /** Whether a command line is for these tools. */
  public static boolean handles(String command) {
    return COMMANDS.contains(command);
  }

  /** Runs a command line on the standard streams and returns its exit code. */
  public static int run(String... args) {
    ENGINE_LOG.setLevel(Level.WARNING); // a line for each sequence is for servers
    return Terminal.withStandardStreams(
        terminal -> CommandRunner.of(new BatonTools(), terminal).run(args));
  }

  /** Runs a command line on these streams, which stay open. */
  public static int run(InputStream in, OutputStream out, OutputStream err, String... args) {
    Terminal terminal = new Terminal(in, out, err);
    return CommandRunner.of(new BatonTools(), terminal).run(args);
  }

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(), "say what to do: " + String.join(", ", new TreeSet<>(COMMANDS)));
  }
}
