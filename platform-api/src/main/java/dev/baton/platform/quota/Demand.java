package dev.baton.platform.quota;

import dev.baton.admin.limits.AppliedLimits;
import dev.baton.engine.ChatMessage;
import dev.baton.engine.Engine;
import dev.baton.engine.GenerationRequest;
import dev.baton.engine.SystemPrompt;
import dev.baton.platform.problem.ApiProblem;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * What a request may come to use.
 *
 * @param request with its completion tokens limited where the caller has limits
 * @param tokens of the prompt and at most of the completion; 0 where no limit counts them
 * @param counted the engine has tokenised the prompt, and so has little left to do to take it
 */
record Demand(GenerationRequest request, long tokens, boolean counted) {
  /** Where the engine can not count: few texts have more tokens than half their bytes. */
  private static final int BYTES_PER_TOKEN = 2;

  private static final int TOKENS_AROUND_MESSAGE = 8;

  /**
   * Checks a request against the limits that need no counting.
   *
   * @throws ApiProblem 400 for more input or output than allowed, or for a system message
   */
  static Demand of(
      GenerationRequest request, AppliedLimits limits, Engine engine, int defaultOutput) {
    if (limits.refusesSystemMessages()) {
      requireNoSystemMessage(request);
    }
    Integer output = outputTokens(request, limits, defaultOutput);
    GenerationRequest limited =
        output == null || Objects.equals(output, request.maxTokens())
            ? request
            : request.withMaxTokens(output);
    Long maxInput = limits.maxInputTokens();
    if (maxInput == null && !limits.limitsTokens()) {
      return new Demand(limited, 0, false);
    }
    OptionalInt counted = engine.countPromptTokens(request);
    int prompt = counted.orElseGet(() -> estimate(request));
    if (maxInput != null && prompt > maxInput) {
      throw ApiProblem.tooMuchInput(prompt, maxInput);
    }
    int room = Math.max(1, engine.model().contextLength() - prompt);
    return new Demand(
        limited, prompt + (output == null ? room : Math.min(output, room)), counted.isPresent());
  }

  /** The completion tokens this request may have, or null for the engine's own bound. */
  private static @Nullable Integer outputTokens(
      GenerationRequest request, AppliedLimits limits, int defaultOutput) {
    Long most = limits.maxOutputTokens();
    Integer wanted = request.maxTokens();
    if (wanted != null) {
      if (most != null && wanted > most) {
        throw ApiProblem.invalidValue(
            "max_completion_tokens",
            "max_completion_tokens is %d, but an answer may have at most %d tokens here."
                .formatted(wanted, most));
      }
      return wanted;
    }
    long bound = limits.limitsTokens() ? defaultOutput : Long.MAX_VALUE;
    bound = most == null ? bound : Math.min(bound, most);
    return bound == Long.MAX_VALUE ? null : (int) Math.min(bound, Integer.MAX_VALUE);
  }

  private static void requireNoSystemMessage(GenerationRequest request) {
    if (request.input() instanceof GenerationRequest.Chat chat) {
      for (int i = 0; i < chat.messages().size(); i++) {
        if (chat.messages().get(i).role().equals("system")) {
          throw ApiProblem.invalidValue(
              "messages[%d].role".formatted(i),
              "System and developer messages are not accepted with this key; the tenant's own"
                  + " system prompt applies. Leave the message out.");
        }
      }
    }
  }

  private static int estimate(GenerationRequest request) {
    SystemPrompt system = request.systemPrompt();
    int systemTokens =
        switch (system == null ? null : system.source()) {
          case null -> 0;
          case SystemPrompt.Text text -> tokens(text.text());
          case SystemPrompt.Tokens tokens -> tokens.ids().length;
        };
    return systemTokens
        + switch (request.input()) {
          case GenerationRequest.Tokens tokens -> tokens.ids().length;
          case GenerationRequest.Chat chat -> tokens(chat.messages());
        };
  }

  private static int tokens(List<ChatMessage> messages) {
    return messages.stream()
        .mapToInt(message -> tokens(message.content()) + TOKENS_AROUND_MESSAGE)
        .sum();
  }

  private static int tokens(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length / BYTES_PER_TOKEN + 1;
  }
}
