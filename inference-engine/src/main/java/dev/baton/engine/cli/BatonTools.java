package dev.baton.engine.cli;

import dev.baton.engine.EngineException;
import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.Set;
import java.util.TreeSet;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
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
      ModelCommand.class
    })
public final class BatonTools implements Runnable {
  /** Held, or its level would go with it. */
  private static final Logger ENGINE_LOG = Logger.getLogger("dev.baton.engine");

  private static final Set<String> COMMANDS =
      Set.of("generate", "score", "tokenize", "detokenize", "template", "model");

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
    // Not System.out: its encoding is the locale's, and it flushes at every line.
    try (OutputStream out =
            new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), 1 << 16);
        OutputStream err = new FileOutputStream(FileDescriptor.err)) {
      return run(System.in, out, err, args);
    } catch (IOException e) {
      return ExitCode.SOFTWARE; // the reader of a pipe went away
    }
  }

  /** Runs a command line on these streams, which stay open. */
  public static int run(InputStream in, OutputStream out, OutputStream err, String... args) {
    Terminal terminal = new Terminal(in, out, err);
    CommandLine line = new CommandLine(new BatonTools(), factory(terminal));
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setUsageHelpWidth(100);
    line.setExpandAtFiles(false); // a prompt may begin with @
    StringWriter help = new StringWriter();
    line.setOut(new PrintWriter(help));
    line.setParameterExceptionHandler((e, ignored) -> wrongUsage(terminal, e));
    line.setExecutionExceptionHandler((e, ignored, ignoredToo) -> failed(terminal, e));
    try {
      int code = line.execute(args);
      terminal.print(help.toString());
      terminal.flush();
      return code;
    } catch (UncheckedIOException e) {
      return ExitCode.SOFTWARE; // the reader of a pipe went away
    }
  }

  private static CommandLine.IFactory factory(Terminal terminal) {
    CommandLine.IFactory usual = CommandLine.defaultFactory();
    return new CommandLine.IFactory() {
      @Override
      public <K> K create(Class<K> type) throws Exception {
        for (var constructor : type.getDeclaredConstructors()) {
          Class<?>[] parameters = constructor.getParameterTypes();
          if (parameters.length == 1 && parameters[0] == Terminal.class) {
            return type.cast(constructor.newInstance(terminal));
          }
        }
        return usual.create(type);
      }
    };
  }

  private static int wrongUsage(Terminal terminal, ParameterException e) {
    String command = e.getCommandLine().getCommandSpec().qualifiedName();
    terminal.error("baton: %s. See '%s --help'.%n".formatted(oneLine(e.getMessage()), command));
    return ExitCode.USAGE;
  }

  private static int failed(Terminal terminal, Exception e) throws Exception {
    switch (e) {
      case EngineException failure ->
          terminal.error("baton: " + oneLine(failure.getMessage()) + "\n");
      case Terminal.Failure failure ->
          terminal.error("baton: " + oneLine(failure.getMessage()) + "\n");
      case IllegalArgumentException wrong -> {
        terminal.error("baton: " + oneLine(wrong.getMessage()) + "\n");
        return ExitCode.USAGE;
      }
      default -> throw e;
    }
    return ExitCode.SOFTWARE;
  }

  private static String oneLine(@Nullable String message) {
    String line = String.valueOf(message).strip().replaceAll("\\s*\\R\\s*", " ");
    return line.endsWith(".") ? line.substring(0, line.length() - 1) : line;
  }

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(), "say what to do: " + String.join(", ", new TreeSet<>(COMMANDS)));
  }
}
