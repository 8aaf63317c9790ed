package dev.baton.platform.operations;

import dev.baton.engine.FinishReason;
import dev.baton.engine.GenerationEvent;
import dev.baton.engine.TokenUsage;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/**
 * One log line and one count for every chat request, however it ended. Metrics carry no tenant:
 * their number must not grow with the number of tenants.
 */
@Component
public final class RequestOutcomes {
  private static final Logger log = LoggerFactory.getLogger("dev.baton.requests");

  private final MeterRegistry meters;
  private final Timer timeToFirstToken;
  private final Timer queued;

  RequestOutcomes(MeterRegistry meters) {
    this.meters = meters;
    this.timeToFirstToken =
        Timer.builder("baton.chat.time.to.first.token")
            .description("From acceptance to the first generated token")
            .publishPercentileHistogram()
            .register(meters);
    this.queued =
        Timer.builder("baton.chat.queued")
            .description("From acceptance to the first computed prompt token")
            .publishPercentileHistogram()
            .register(meters);
  }

  /** A request that was not accepted, or whose answer could not be written. */
  public void refused(String requestId, String tenantId, @Nullable String code) {
    String outcome = code == null ? "refused" : code;
    count(outcome);
    log.info("request={} tenant={} outcome={}", requestId, tenantId, outcome);
  }

  /**
   * A request the engine had accepted.
   *
   * @param last its last event
   */
  public void ended(String requestId, String tenantId, boolean streamed, GenerationEvent last) {
    String outcome;
    TokenUsage usage;
    switch (last) {
      case GenerationEvent.Finished finished -> {
        outcome = name(finished.reason());
        usage = finished.usage();
      }
      case GenerationEvent.Failed failed -> {
        outcome = failed.error().code().name().toLowerCase(Locale.ROOT);
        usage = failed.usage();
      }
      case GenerationEvent.Started started ->
          throw new IllegalArgumentException("not a last event");
      case GenerationEvent.Token token -> throw new IllegalArgumentException("not a last event");
    }
    count(outcome);
    tokens("prompt", usage.promptTokens());
    tokens("cached", usage.cachedTokens());
    tokens("completion", usage.completionTokens());
    if (usage.completionTokens() > 0) {
      timeToFirstToken.record(usage.timeToFirstToken());
      queued.record(usage.queued());
    }
    log.info(
        "request={} tenant={} outcome={} stream={} prompt_tokens={} cached_tokens={}"
            + " completion_tokens={} queued_ms={} first_token_ms={} total_ms={}",
        requestId,
        tenantId,
        outcome,
        streamed,
        usage.promptTokens(),
        usage.cachedTokens(),
        usage.completionTokens(),
        usage.queued().toMillis(),
        usage.timeToFirstToken().toMillis(),
        usage.total().toMillis());
  }

  private static String name(FinishReason reason) {
    return switch (reason) {
      case STOP -> "stop";
      case LENGTH -> "length";
      case CANCELLED -> "cancelled";
    };
  }

  private void count(String outcome) {
    meters.counter("baton.chat.requests", "outcome", outcome).increment();
  }

  private void tokens(String kind, int count) {
    meters.counter("baton.chat.tokens", "kind", kind).increment(count);
  }
}
