package dev.baton.platform.chat;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.baton.engine.TokenUsage;

/** Tokens of one request; the system KV's tokens count as prompt and as cached. */
record Usage(
    @JsonProperty("prompt_tokens") int promptTokens,
    @JsonProperty("completion_tokens") int completionTokens,
    @JsonProperty("total_tokens") int totalTokens,
    @JsonProperty("prompt_tokens_details") PromptTokensDetails promptTokensDetails) {

  /** Which of the prompt's tokens were read from the system KV. */
  record PromptTokensDetails(@JsonProperty("cached_tokens") int cachedTokens) {}

  static Usage of(TokenUsage usage) {
    return new Usage(
        usage.promptTokens(),
        usage.completionTokens(),
        usage.promptTokens() + usage.completionTokens(),
        new PromptTokensDetails(usage.cachedTokens()));
  }
}
