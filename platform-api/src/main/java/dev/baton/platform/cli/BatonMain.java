package dev.baton.platform.cli;

import dev.baton.engine.EngineException;
import dev.baton.engine.backend.cpu.VectorModule;
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
    String command = args.length > 0 ? args[0] : "";
    if (BatonTools.handles(command)) {
      requireVectorModule();
      BatonTools.main(args);
      return;
    }
    if (command.equals("bench")) {
      requireVectorModule();
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

  private static void requireVectorModule() {
    try {
      VectorModule.require();
    } catch (EngineException e) {
      System.err.println("baton: " + e.getMessage());
      System.exit(CommandLine.ExitCode.SOFTWARE);
    }
  }
}
