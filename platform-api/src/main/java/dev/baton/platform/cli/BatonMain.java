package dev.baton.platform.cli;

import dev.baton.engine.cli.BatonTools;
import dev.baton.platform.bench.PlatformBench;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** Dispatches to the command that is named first; the engine's tools never start Spring. */
@Command(
    name = "baton",
    description = "Multi-tenant chatbot platform.",
    mixinStandardHelpOptions = true,
    subcommands = {ServeCommand.class, ChatCommand.class},
    footer = {
      "",
      "Developer's tools, without a server: generate, score, tokenize, detokenize, template, model.",
      "Benchmarks: bench.",
      "Each command explains itself with --help."
    })
public final class BatonMain {
  private BatonMain() {}

  /** Runs a command and ends the process with its exit status. */
  public static void main(String[] args) {
    if (args.length > 0 && BatonTools.handles(args[0])) {
      BatonTools.main(args);
      return;
    }
    if (args.length > 0 && args[0].equals("bench")) {
      PlatformBench.main(args);
      return;
    }
    CommandLine commands = new CommandLine(new BatonMain());
    if (args.length == 0) {
      commands.usage(System.err);
      System.exit(CommandLine.ExitCode.USAGE);
    }
    System.exit(commands.execute(args));
  }
}
