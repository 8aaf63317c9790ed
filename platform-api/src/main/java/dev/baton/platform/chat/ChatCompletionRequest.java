package dev.baton.platform.chat;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A checked {@code POST /v1/chat/completions} body. Absent and {@code null} fields are null here;
 * {@code max_tokens} has been folded into {@code max_completion_tokens}.
 *
 * @param n only 1 is served
 * @param topK extension, as llama.cpp and vLLM have it
 * @param minP extension
 * @param repetitionPenalty extension
 */
record ChatCompletionRequest(
    String model,
    List<Message> messages,
    @JsonProperty("max_completion_tokens") @Nullable Integer maxCompletionTokens,
    @Nullable Double temperature,
    @JsonProperty("top_p") @Nullable Double topP,
    @JsonProperty("top_k") @Nullable Integer topK,
    @JsonProperty("min_p") @Nullable Double minP,
    @JsonProperty("repetition_penalty") @Nullable Double repetitionPenalty,
    @JsonProperty("frequency_penalty") @Nullable Double frequencyPenalty,
    @JsonProperty("presence_penalty") @Nullable Double presencePenalty,
    @JsonProperty("logit_bias") Map<Integer, Float> logitBias,
    @Nullable Long seed,
    @Nullable Integer n,
    List<String> stop,
    boolean logprobs,
    @JsonProperty("top_logprobs") int topLogprobs,
    boolean stream,
    @JsonProperty("stream_options") StreamOptions streamOptions) {

  /** One message; text parts have been joined. */
  record Message(String role, String content) {
    @Override
    public String toString() {
      return "Message[" + role + ", " + content.length() + " characters]";
    }
  }

  /** What a stream tells besides its text. */
  record StreamOptions(@JsonProperty("include_usage") boolean includeUsage) {}
}
