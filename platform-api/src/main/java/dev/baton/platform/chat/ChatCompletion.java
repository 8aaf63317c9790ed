package dev.baton.platform.chat;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The answer to a chat completion request that does not stream. */
record ChatCompletion(
    String id,
    String object,
    long created,
    String model,
    List<Choice> choices,
    Usage usage,
    @JsonProperty("system_fingerprint") String systemFingerprint) {

  /** The one generated message. */
  @JsonInclude(JsonInclude.Include.ALWAYS)
  record Choice(
      int index,
      AssistantMessage message,
      @Nullable Logprobs logprobs,
      @JsonProperty("finish_reason") String finishReason) {}

  /** What the model said; {@code refusal} is always null. */
  @JsonInclude(JsonInclude.Include.ALWAYS)
  record AssistantMessage(String role, String content, @Nullable String refusal) {}
}
