package dev.baton.engine.template;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * The tokens with which every chat under a system prompt begins, whatever is asked in it: what a
 * system KV may hold.
 *
 * @param tokens the shared tokens; none where the template lets nothing be shared
 * @param renderedTokens tokens that the rendered system prompt takes in a chat, shared or not
 * @param changesAt when the tokens become others because the template prints the date into them, or
 *     null when they never do
 * @param cause why not all of the system prompt is shared, or null when all of it is
 */
public record SystemPrefix(
    int[] tokens, int renderedTokens, @Nullable Instant changesAt, @Nullable String cause) {

  /** Whether the template prints the date into the shared tokens. */
  public boolean dependsOnDate() {
    return changesAt != null;
  }

  @Override
  public String toString() {
    return "SystemPrefix[%d of %d tokens]".formatted(tokens.length, renderedTokens);
  }
}
