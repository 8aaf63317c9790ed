package dev.baton.engine.kvcache;

import dev.baton.engine.SystemKvKey;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The tokens that a system KV covers.
 *
 * @param key whose and which version
 * @param ids token ids at positions {@code [0, ids.length)}, not to be changed
 * @param edition grows when the same prompt version renders to other tokens, as with a template
 *     that prints today's date; a later edition replaces an earlier one, never the reverse
 * @param uncovered why they are not all of the system prompt, or null when they are
 */
public record SystemTokens(SystemKvKey key, int[] ids, long edition, @Nullable String uncovered) {
  public SystemTokens {
    Objects.requireNonNull(key);
    Objects.requireNonNull(ids);
  }

  public int count() {
    return ids.length;
  }

  /** Prompt tokens stay out of logs and messages. */
  @Override
  public String toString() {
    return "SystemTokens[%s, %d tokens, edition %d]".formatted(key, ids.length, edition);
  }
}
