package dev.baton.engine.cli;

import dev.baton.engine.Engine;
import dev.baton.engine.GenerationEvent.GeneratedToken;
import dev.baton.engine.GenerationRequest;
import dev.baton.engine.GenerationRequest.Input;
import dev.baton.engine.SamplingParameters;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code baton score}. */
@Command(
    name = "score",
    sortOptions = false,
    header = "Prints how likely a model finds a continuation.",
    description =
        "The model reads the prompt and then the continuation token by token, whatever it would "
            + "have said itself; each step shows the logit and log-probability of the given token. "
            + "Ids are taken as they are. Without --json each line is id, logit and log-probability "
            + "with tabs between.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  baton score --model model.gguf --prompt-ids 1,2,3 --continuation-ids 4,5 --top-logprobs 5"
          + " --json"
    })
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class ScoreCommand implements Callable<Integer> {
  private final Terminal terminal;

  @Mixin private EngineOptions options;

  @Option(
      names = "--prompt-ids",
      required = true,
      paramLabel = "IDS",
      converter = TokenIds.Converter.class,
      description = "Token ids such as 1,2,3.")
  private TokenIds prompt;

  @Option(
      names = "--continuation-ids",
      required = true,
      paramLabel = "IDS",
      converter = TokenIds.Converter.class,
      description = "Token ids to score.")
  private TokenIds continuation;

  @Option(
      names = "--top-logprobs",
      paramLabel = "K",
      defaultValue = "0",
      description = "Alternatives to report for each token, 0 to 20 (${DEFAULT-VALUE}).")
  private int topLogprobs;

  ScoreCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() throws InterruptedException {
    if (continuation.ids().length == 0) {
      throw new IllegalArgumentException("--continuation-ids needs at least one id");
    }
    Input input = new GenerationRequest.Tokens(prompt.ids());
    GenerationRequest request =
        new GenerationRequest(
            "cli-0",
            EngineOptions.TENANT,
            options.systemPrompt(),
            input,
            SamplingParameters.GREEDY,
            continuation.ids().length,
            List.of(),
            true,
            topLogprobs,
            continuation.ids());
    List<int[]> promptIds = options.json() ? PromptIds.of(options, List.of(input)) : List.of();
    try (Engine engine = options.open(1)) {
      SequenceRun run = SequenceRun.start(engine, request).await(text -> {});
      if (options.json()) {
        terminal.print(run.json(promptIds.getFirst()));
      } else {
        for (GeneratedToken token : run.tokens()) {
          terminal.print(token.id() + "\t" + token.logit() + "\t" + token.logprob() + "\n");
        }
      }
    }
    return 0;
  }
}
