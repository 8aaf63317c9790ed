package dev.baton.engine.cli;

import dev.baton.engine.ChatMessage;
import dev.baton.engine.GenerationRequest.Chat;
import dev.baton.engine.GenerationRequest.Input;
import dev.baton.engine.GenerationRequest.Tokens;
import dev.baton.engine.gguf.GgufFile;
import dev.baton.engine.template.ChatFormat;
import dev.baton.engine.tokenizer.Tokenizer;
import java.time.Clock;
import java.util.Arrays;
import java.util.List;

/** The ids that the model reads, shared part included, for results that show them. */
final class PromptIds {
  private PromptIds() {}

  static List<int[]> of(EngineOptions options, List<Input> inputs) {
    int[] system = options.systemIds();
    String text = options.systemText();
    boolean onlyIds = text == null && inputs.stream().allMatch(Tokens.class::isInstance);
    if (onlyIds) {
      int[] shared = system == null ? new int[0] : system;
      return inputs.stream().map(input -> joined(shared, ((Tokens) input).ids())).toList();
    }
    try (GgufFile file = GgufFile.open(options.model())) {
      Tokenizer tokenizer = Tokenizer.from(file);
      ChatFormat format = ChatFormat.from(file, tokenizer, Clock.systemDefaultZone());
      int[] shared =
          system != null ? system : text == null ? new int[0] : format.systemPrefix(text).tokens();
      return inputs.stream()
          .map(input ->
              switch (input) {
                case Tokens tokens -> joined(shared, tokens.ids());
                case Chat chat -> format.encode(text, chat.messages());
              })
          .toList();
    }
  }

  static Input chat(String user) {
    return new Chat(List.of(new ChatMessage("user", user)));
  }

  private static int[] joined(int[] first, int[] second) {
    int[] both = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    return both;
  }
}
