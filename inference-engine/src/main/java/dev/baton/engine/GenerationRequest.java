package dev.baton.engine;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What to generate, for whom, and when to stop.
 *
 * @param requestId names the request in logs
 * @param tenantId whose service is counted; equals the system prompt's tenant when there is one
 * @param systemPrompt shared prefix, or null for an ungrouped request
 * @param input the request's own part
 * @param sampling how tokens are drawn
 * @param maxTokens completion tokens at most, at least 1; null is up to the model's context
 * @param stop strings that end the text and are left out of it, at most {@value #MAX_STOP_STRINGS}
 * @param ignoreEos go on past the model's end-of-generation tokens
 * @param topLogprobs alternatives to report per token, 0 to {@value #MAX_TOP_LOGPROBS}
 * @param forcedTokens continuation to score instead of sampling, or null
 */
public record GenerationRequest(
    String requestId,
    String tenantId,
    @Nullable SystemPrompt systemPrompt,
    Input input,
    SamplingParameters sampling,
    @Nullable Integer maxTokens,
    List<String> stop,
    boolean ignoreEos,
    int topLogprobs,
    int @Nullable [] forcedTokens) {

  public static final int MAX_STOP_STRINGS = 4;
  public static final int MAX_TOP_LOGPROBS = 20;

  // Not compact: NullAway loses the nullness of an array component in a compact constructor.
  public GenerationRequest(
      String requestId,
      String tenantId,
      @Nullable SystemPrompt systemPrompt,
      Input input,
      SamplingParameters sampling,
      @Nullable Integer maxTokens,
      List<String> stop,
      boolean ignoreEos,
      int topLogprobs,
      int @Nullable [] forcedTokens) {
    this.requestId = Objects.requireNonNull(requestId);
    this.tenantId = Objects.requireNonNull(tenantId);
    this.systemPrompt = systemPrompt;
    this.input = Objects.requireNonNull(input);
    this.sampling = Objects.requireNonNull(sampling);
    this.maxTokens = maxTokens;
    this.stop = List.copyOf(stop);
    this.ignoreEos = ignoreEos;
    this.topLogprobs = topLogprobs;
    this.forcedTokens = forcedTokens;
    if (systemPrompt != null && !systemPrompt.key().tenantId().equals(tenantId)) {
      throw new IllegalArgumentException("a system prompt is used by its own tenant only");
    }
    if (maxTokens != null && maxTokens < 1) {
      throw new IllegalArgumentException("max_tokens must be at least 1, not " + maxTokens);
    }
    if (stop.size() > MAX_STOP_STRINGS || stop.contains("")) {
      throw new IllegalArgumentException(
          "stop takes at most " + MAX_STOP_STRINGS + " strings, none empty");
    }
    if (topLogprobs < 0 || topLogprobs > MAX_TOP_LOGPROBS) {
      throw new IllegalArgumentException(
          "top_logprobs must be between 0 and " + MAX_TOP_LOGPROBS + ", not " + topLogprobs);
    }
  }

  /** A request whose answer is sampled and ends where the model ends it. */
  public static GenerationRequest sampled(
      String requestId,
      String tenantId,
      @Nullable SystemPrompt systemPrompt,
      Input input,
      SamplingParameters sampling,
      @Nullable Integer maxTokens,
      List<String> stop,
      int topLogprobs) {
    return new GenerationRequest(
        requestId,
        tenantId,
        systemPrompt,
        input,
        sampling,
        maxTokens,
        stop,
        false,
        topLogprobs,
        null);
  }

  /** The same with another bound of completion tokens. */
  public GenerationRequest withMaxTokens(int tokens) {
    return new GenerationRequest(
        requestId,
        tenantId,
        systemPrompt,
        input,
        sampling,
        tokens,
        stop,
        ignoreEos,
        topLogprobs,
        forcedTokens);
  }

  /** The request's own part of the prompt. */
  public sealed interface Input {}

  /** A conversation, rendered by the model's chat template behind the system prompt. */
  public record Chat(List<ChatMessage> messages) implements Input {
    public Chat {
      messages = List.copyOf(messages);
    }
  }

  /** Token ids taken as they are: no template, no added BOS. */
  public record Tokens(int[] ids) implements Input {
    @Override
    public String toString() {
      return "Tokens[" + ids.length + "]";
    }
  }
}
