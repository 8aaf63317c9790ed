package dev.baton.engine.cli;

import dev.baton.engine.EngineException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.ParameterException;

/**
 * Runs command lines: results on the terminal's output, an error as one line on its other stream.
 * Commands that want the {@link Terminal} take it as their constructor's only parameter.
 *
 * <p>Exit codes: 0 done, 1 it failed, 2 the command line is wrong.
 */
public final class CommandRunner {
  private final CommandLine line;
  private final Terminal terminal;

  private CommandRunner(CommandLine line, Terminal terminal) {
    this.line = line;
    this.terminal = terminal;
  }

  /**
   * @param more subcommands besides those that the command names itself
   */
  public static CommandRunner of(Object command, Terminal terminal, Class<?>... more) {
    CommandLine line = new CommandLine(command, factory(terminal));
    for (Class<?> subcommand : more) {
      line.addSubcommand(subcommand);
    }
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setUsageHelpWidth(100);
    line.setExpandAtFiles(false); // a prompt may begin with @
    return new CommandRunner(line, terminal);
  }

  /** Runs a command line and returns its exit code. */
  public int run(String... args) {
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
            constructor.setAccessible(true);
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
}
