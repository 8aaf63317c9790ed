package dev.baton.platform.quota;

import dev.baton.admin.usage.FinishCause;
import dev.baton.admin.usage.Settlement;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.FinishReason;
import dev.baton.engine.GenerationEvent;
import dev.baton.engine.GenerationRequest;
import dev.baton.engine.SystemPrompt;
import dev.baton.engine.TokenUsage;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A request that was let in, until it is settled.
 *
 * @param request with its completion tokens limited where the caller has limits
 * @param tokens reserved
 * @param beganAt by Redis' clock where that was asked
 */
public record Reservation(
    String keyId, GenerationRequest request, long tokens, Instant beganAt, LocalRates.Entry local) {

  String requestId() {
    return request.requestId();
  }

  String tenantId() {
    return request.tenantId();
  }

  /** What the request used, by its last event. */
  Settlement settlement(GenerationEvent last, Instant endedAt) {
    return switch (last) {
      case GenerationEvent.Finished finished ->
          settlement(cause(finished.reason()), finished.usage(), endedAt);
      case GenerationEvent.Failed failed ->
          settlement(
              failed.error().code() == ErrorCode.DRAINING
                  ? FinishCause.DRAINED
                  : FinishCause.FAILED,
              failed.usage(),
              endedAt);
      case GenerationEvent.Started started ->
          throw new IllegalArgumentException("not a last event");
      case GenerationEvent.Token token -> throw new IllegalArgumentException("not a last event");
    };
  }

  private Settlement settlement(FinishCause finish, TokenUsage usage, Instant endedAt) {
    return new Settlement(
        requestId(),
        tenantId(),
        keyId,
        versionId(),
        beganAt,
        endedAt,
        finish,
        usage.promptTokens(),
        usage.cachedTokens(),
        usage.completionTokens(),
        usage.queued(),
        usage.timeToFirstToken(),
        usage.total());
  }

  private @Nullable String versionId() {
    SystemPrompt system = request.systemPrompt();
    return system == null ? null : system.key().versionId();
  }

  private static FinishCause cause(FinishReason reason) {
    return switch (reason) {
      case STOP -> FinishCause.STOP;
      case LENGTH -> FinishCause.LENGTH;
      case CANCELLED -> FinishCause.CANCELLED;
    };
  }
}
