package dev.baton.engine;

import java.util.Objects;

/**
 * A tenant's system prompt as the engine needs it: whose it is and what it says.
 *
 * @param key owner and version
 * @param source its text, or its token ids as they are
 */
public record SystemPrompt(SystemKvKey key, Source source) {
  public SystemPrompt {
    Objects.requireNonNull(key);
    Objects.requireNonNull(source);
  }

  /** What the prompt consists of. */
  public sealed interface Source {}

  /** Prompt text, placed by the model's chat template. */
  public record Text(String text) implements Source {
    public Text {
      Objects.requireNonNull(text);
    }

    /** Prompt text stays out of logs and messages. */
    @Override
    public String toString() {
      return "Text[" + text.length() + " characters]";
    }
  }

  /** Token ids taken as they are: no template, no added BOS. */
  public record Tokens(int[] ids) implements Source {
    @Override
    public String toString() {
      return "Tokens[" + ids.length + "]";
    }
  }
}
