package dev.baton.platform.operations;

import dev.baton.engine.Engine;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.FinishReason;
import dev.baton.engine.GenerationEvent;
import dev.baton.engine.TokenUsage;
import dev.baton.platform.problem.ApiProblem;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.stereotype.Component;
import org.springframework.util.function.SingletonSupplier;

/**
 * One log line and one count for every chat request, however it ended. The line's parts are fields
 * of their own in JSON logs.
 */
@Component
public final class RequestOutcomes implements SmartInitializingSingleton {
  private static final Logger log = LoggerFactory.getLogger("dev.baton.requests");

  /** Why a generation ended before its end. */
  private enum AbortedBy {
    CLIENT,
    SLOW_READER,
    /** The tenant was suspended or the key revoked meanwhile. */
    ACCESS,
    TIMEOUT,
    SHUTDOWN
  }

  private final MeterRegistry meters;
  private final Supplier<GenerationMeters> generations;
  private final TenantMeters tenants;
  private final Map<String, Counter> outcomes = new ConcurrentHashMap<>();

  RequestOutcomes(MeterRegistry meters, Engine engine, MetricsSettings settings) {
    this.meters = meters;
    this.generations =
        SingletonSupplier.of(() -> new GenerationMeters(meters, engine.model().id()));
    this.tenants = new TenantMeters(meters, settings.tenants());
    count("stop", 0);
    for (AbortedBy cause : AbortedBy.values()) {
      aborted(cause, 0);
    }
  }

  /** There from the start, but not before the engine, which may open beside the beans. */
  @Override
  public void afterSingletonsInstantiated() {
    generations();
  }

  private GenerationMeters generations() {
    return generations.get();
  }

  /** A request that was not accepted, or whose answer could not be written. */
  public void refused(String requestId, String tenantId, @Nullable String code) {
    String outcome = code == null ? "refused" : code;
    count(outcome, 1);
    log.atInfo()
        .addKeyValue("request", requestId)
        .addKeyValue("tenant", tenantId)
        .addKeyValue("outcome", outcome)
        .log("refused");
  }

  /**
   * A request the engine had accepted.
   *
   * @param cutOff what its stream was ended with by this server, if it was
   * @param last its last event
   */
  public void ended(
      String requestId,
      String tenantId,
      boolean streamed,
      @Nullable ApiProblem cutOff,
      GenerationEvent last) {
    String outcome;
    String errorType = GenerationMeters.NO_ERROR;
    TokenUsage usage;
    switch (last) {
      case GenerationEvent.Finished finished -> {
        String code = cutOff == null ? null : cutOff.code();
        outcome = code == null ? lowerCase(finished.reason()) : code;
        usage = finished.usage();
        if (finished.reason() == FinishReason.CANCELLED) {
          aborted(by(cutOff), 1);
        }
      }
      case GenerationEvent.Failed failed -> {
        ErrorCode code = failed.error().code();
        outcome = lowerCase(code);
        errorType = outcome;
        usage = failed.usage();
        if (code == ErrorCode.TIMEOUT) {
          aborted(AbortedBy.TIMEOUT, 1);
        } else if (code == ErrorCode.DRAINING) {
          aborted(AbortedBy.SHUTDOWN, 1);
        }
      }
      case GenerationEvent.Started started ->
          throw new IllegalArgumentException("not a last event");
      case GenerationEvent.Token token -> throw new IllegalArgumentException("not a last event");
    }
    count(outcome, 1);
    generations().ended(errorType, usage);
    tenants.ended(tenantId, usage);
    log.atInfo()
        .addKeyValue("request", requestId)
        .addKeyValue("tenant", tenantId)
        .addKeyValue("outcome", outcome)
        .addKeyValue("stream", streamed)
        .addKeyValue("prompt_tokens", usage.promptTokens())
        .addKeyValue("cached_tokens", usage.cachedTokens())
        .addKeyValue("completion_tokens", usage.completionTokens())
        .addKeyValue("queued_ms", usage.queued().toMillis())
        .addKeyValue("first_token_ms", usage.timeToFirstToken().toMillis())
        .addKeyValue("total_ms", usage.total().toMillis())
        .log("answered");
  }

  private static AbortedBy by(@Nullable ApiProblem cutOff) {
    if (cutOff == null) {
      return AbortedBy.CLIENT;
    }
    return "slow_reader".equals(cutOff.code()) ? AbortedBy.SLOW_READER : AbortedBy.ACCESS;
  }

  private static String lowerCase(Enum<?> name) {
    return name.name().toLowerCase(Locale.ROOT);
  }

  /** Outcomes are codes of the platform and the engine: a small closed set. */
  private void count(String outcome, int requests) {
    outcomes
        .computeIfAbsent(
            outcome,
            name -> Counter.builder("baton.chat.requests").tag("outcome", name).register(meters))
        .increment(requests);
  }

  private void aborted(AbortedBy cause, int requests) {
    meters.counter("baton.chat.aborted", "by", lowerCase(cause)).increment(requests);
  }
}
