package dev.baton.engine.cli;

import dev.baton.engine.Engine;
import dev.baton.engine.GenerationRequest;
import dev.baton.engine.GenerationRequest.Input;
import dev.baton.engine.SamplingParameters;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code baton generate}. */
@Command(
    name = "generate",
    sortOptions = false,
    header = "Generates text with a model, without a server.",
    description =
        "A prompt given as text is a user's message, rendered with the system prompt by the "
            + "model's chat template. Ids are taken as they are: no template, no added BOS. "
            + "Without --json the text is printed as it comes.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  baton generate --model model.gguf --prompt 'What does shipping cost?' --max-tokens 64",
      "  baton generate --model model.gguf --prompt-ids 1,15043 --max-tokens 8 --json",
      "  baton generate --model model.gguf --system-ids 1,2,3 --users users.txt --max-tokens 8 --json"
    })
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class GenerateCommand implements Callable<Integer> {
  private static final int MAX_SEQUENCES = 1024;

  private final Terminal terminal;

  @Mixin private EngineOptions options;

  @ArgGroup(multiplicity = "1")
  private Prompt prompt;

  /** What to go on with. */
  static final class Prompt {
    @Option(
        names = "--prompt",
        paramLabel = "TEXT",
        description = "A user's message; - reads it from the input.")
    private @Nullable String text;

    @Option(
        names = "--prompt-ids",
        paramLabel = "IDS",
        converter = TokenIds.Converter.class,
        description = "Token ids such as 1,2,3.")
    private @Nullable TokenIds ids;

    @Option(
        names = "--users",
        paramLabel = "FILE",
        description =
            "Runs every line of comma-separated ids, all as one batch behind the one system KV; "
                + "- reads the input.")
    private @Nullable String users;
  }

  @Option(
      names = "--max-tokens",
      paramLabel = "N",
      defaultValue = "128",
      description = "Tokens to generate at most (${DEFAULT-VALUE}).")
  private int maxTokens;

  @Option(
      names = "--temperature",
      paramLabel = "T",
      defaultValue = "0",
      description = "0 takes the most likely token (${DEFAULT-VALUE}).")
  private double temperature;

  @Option(names = "--top-k", paramLabel = "K", defaultValue = "0", description = "0 keeps all.")
  private int topK;

  @Option(names = "--top-p", paramLabel = "P", defaultValue = "1", description = "1 keeps all.")
  private double topP;

  @Option(names = "--min-p", paramLabel = "P", defaultValue = "0", description = "0 keeps all.")
  private double minP;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "0",
      description = "Start of the random numbers (${DEFAULT-VALUE}).")
  private long seed;

  @Option(names = "--ignore-eos", description = "Go on past the end of the model's turn.")
  private boolean ignoreEos;

  @Option(
      names = "--top-logprobs",
      paramLabel = "K",
      defaultValue = "0",
      description = "Alternatives to report for each token, 0 to 20 (${DEFAULT-VALUE}).")
  private int topLogprobs;

  GenerateCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() throws InterruptedException {
    List<Input> inputs = inputs();
    SamplingParameters sampling =
        new SamplingParameters(temperature, topK, topP, minP, 1, 0, 0, Map.of(), seed);
    List<GenerationRequest> requests = new ArrayList<>();
    for (Input input : inputs) {
      requests.add(
          new GenerationRequest(
              "cli-" + requests.size(),
              EngineOptions.TENANT,
              options.systemPrompt(),
              input,
              sampling,
              maxTokens,
              List.of(),
              ignoreEos,
              topLogprobs,
              null));
    }
    List<int[]> promptIds = options.json() ? PromptIds.of(options, inputs) : List.of();
    try (Engine engine = options.open(requests.size())) {
      List<SequenceRun> runs =
          requests.stream().map(request -> SequenceRun.start(engine, request)).toList();
      for (int i = 0; i < runs.size(); i++) {
        if (options.json()) {
          terminal.print(runs.get(i).await(text -> {}).json(promptIds.get(i)));
        } else {
          runs.get(i).await(this::show);
          terminal.print("\n");
        }
      }
    }
    return 0;
  }

  private void show(String text) {
    terminal.print(text);
    terminal.flush();
  }

  private List<Input> inputs() {
    if (prompt.text != null) {
      return List.of(PromptIds.chat(terminal.textOrInput(prompt.text)));
    }
    if (prompt.ids != null) {
      return List.of(new GenerationRequest.Tokens(prompt.ids.ids()));
    }
    String users = prompt.users == null ? "-" : prompt.users;
    List<Input> inputs = new ArrayList<>();
    int line = 0;
    for (String text : terminal.textOf(users).lines().toList()) {
      line++;
      if (text.isBlank()) {
        continue;
      }
      try {
        inputs.add(new GenerationRequest.Tokens(TokenIds.parse(text).ids()));
      } catch (IllegalArgumentException e) {
        throw new Terminal.Failure("%s, line %d: %s".formatted(users, line, e.getMessage()));
      }
    }
    if (inputs.isEmpty() || inputs.size() > MAX_SEQUENCES) {
      throw new Terminal.Failure(
          "%s: holds %d lines of ids; give it 1 to %d"
              .formatted(users, inputs.size(), MAX_SEQUENCES));
    }
    return inputs;
  }
}
