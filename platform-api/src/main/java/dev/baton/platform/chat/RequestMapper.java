package dev.baton.platform.chat;

import dev.baton.engine.ChatMessage;
import dev.baton.engine.EngineModel;
import dev.baton.engine.GenerationRequest;
import dev.baton.engine.SamplingParameters;
import dev.baton.engine.SystemPrompt;
import dev.baton.platform.problem.ApiProblem;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** From OpenAI's words to the engine's. */
final class RequestMapper {
  private static final Pattern FIELD = Pattern.compile("^[a-z_]+");

  private RequestMapper() {}

  /** Ranges are the engine's own checks; their messages begin with the field's name. */
  static GenerationRequest toEngine(
      ChatCompletionRequest request,
      EngineModel model,
      String requestId,
      String tenantId,
      @Nullable SystemPrompt prompt) {
    for (Integer token : request.logitBias().keySet()) {
      if (token < 0 || token >= model.vocabSize()) {
        throw ApiProblem.invalidValue(
            "logit_bias",
            "logit_bias names token %d; this model has tokens 0 to %d."
                .formatted(token, model.vocabSize() - 1));
      }
    }
    try {
      return GenerationRequest.sampled(
          requestId,
          tenantId,
          prompt,
          new GenerationRequest.Chat(
              request.messages().stream().map(RequestMapper::toEngine).toList()),
          sampling(request),
          request.maxCompletionTokens(),
          request.stop(),
          request.topLogprobs());
    } catch (IllegalArgumentException e) {
      String message = e.getMessage() == null ? "The request is invalid." : e.getMessage();
      Matcher field = FIELD.matcher(message);
      throw ApiProblem.invalidValue(field.find() ? field.group() : null, message);
    }
  }

  /** {@code developer} is the newer name of {@code system}. */
  private static ChatMessage toEngine(ChatCompletionRequest.Message message) {
    String role = message.role().equals("developer") ? "system" : message.role();
    return new ChatMessage(role, message.content());
  }

  private static SamplingParameters sampling(ChatCompletionRequest request) {
    return new SamplingParameters(
        orElse(request.temperature(), 1.0),
        request.topK() == null ? 0 : request.topK(),
        orElse(request.topP(), 1.0),
        orElse(request.minP(), 0.0),
        orElse(request.repetitionPenalty(), 1.0),
        orElse(request.frequencyPenalty(), 0.0),
        orElse(request.presencePenalty(), 0.0),
        request.logitBias(),
        request.seed() == null ? ThreadLocalRandom.current().nextLong() : request.seed());
  }

  private static double orElse(@Nullable Double value, double fallback) {
    return value == null ? fallback : value;
  }
}
