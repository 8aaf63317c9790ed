package dev.baton.platform.chat;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One event of a streamed answer; id, created and model are the same in all of them. */
@JsonInclude(JsonInclude.Include.NON_NULL)
record ChatCompletionChunk(
    String id,
    String object,
    long created,
    String model,
    @JsonProperty("system_fingerprint") String systemFingerprint,
    List<Choice> choices) {

  /** The same with a usage that is null in all chunks but the last: what include_usage asks for. */
  @JsonInclude(JsonInclude.Include.ALWAYS)
  record WithUsage(@JsonUnwrapped ChatCompletionChunk chunk, @Nullable Usage usage) {}

  /** What is new in the one choice. */
  @JsonInclude(JsonInclude.Include.ALWAYS)
  record Choice(
      int index,
      Delta delta,
      @Nullable Logprobs logprobs,
      @JsonProperty("finish_reason") @Nullable String finishReason) {}

  /** The first delta carries the role, later ones text, the last nothing. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  record Delta(@Nullable String role, @Nullable String content) {}
}
