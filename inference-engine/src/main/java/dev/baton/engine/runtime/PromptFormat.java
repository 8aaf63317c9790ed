package dev.baton.engine.runtime;

import dev.baton.engine.ChatMessage;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** From a chat to tokens. */
interface PromptFormat {
  int[] encode(@Nullable String systemPrompt, List<ChatMessage> messages);

  Prefix systemPrefix(String systemPrompt);

  record Prefix(int[] tokens, int renderedTokens, boolean dependsOnDate) {}
}
