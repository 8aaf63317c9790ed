package dev.baton.platform.operations;

import dev.baton.engine.TokenUsage;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * What generations took, under the names and with the bucket bounds of OpenTelemetry's semantic
 * conventions for generative AI servers. A reader of metrics needs equal tags on equal names, so
 * {@code error.type} is always there, {@code none} for what went well.
 *
 * <p>Meters are made once and kept: looking them up costs more than counting.
 */
final class GenerationMeters {
  static final String NO_ERROR = "none";

  private static final Duration[] REQUEST_BOUNDS = doubling(10, 14);
  private static final Duration[] FIRST_TOKEN_BOUNDS =
      millis(1, 5, 10, 20, 40, 60, 80, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10_000);
  private static final Duration[] TOKEN_BOUNDS =
      millis(10, 25, 50, 75, 100, 150, 200, 300, 400, 500, 750, 1000, 2500);
  private static final double[] USAGE_BOUNDS =
      DoubleStream.iterate(1, bound -> bound * 4).limit(14).toArray();

  private final MeterRegistry meters;
  private final Tags model;
  private final Map<String, Timer> durations = new ConcurrentHashMap<>();
  private final Timer firstToken;
  private final Timer perToken;
  private final Timer queued;
  private final Kind prompt;
  private final Kind cached;
  private final Kind completion;

  GenerationMeters(MeterRegistry meters, String modelId) {
    this.meters = meters;
    model =
        Tags.of(
            Tag.of("gen_ai.operation.name", "chat"),
            Tag.of("gen_ai.provider.name", "baton"),
            Tag.of("gen_ai.request.model", modelId));
    firstToken =
        Timer.builder("gen_ai.server.time_to_first_token")
            .description("From acceptance to the first generated token")
            .tags(model)
            .serviceLevelObjectives(FIRST_TOKEN_BOUNDS)
            .register(meters);
    perToken =
        Timer.builder("gen_ai.server.time_per_output_token")
            .description("Between tokens, the first excluded")
            .tags(model)
            .serviceLevelObjectives(TOKEN_BOUNDS)
            .register(meters);
    queued =
        Timer.builder("baton.chat.queued")
            .description("From acceptance to the first computed prompt token")
            .serviceLevelObjectives(FIRST_TOKEN_BOUNDS)
            .register(meters);
    prompt = kind("prompt", "input");
    cached = kind("cached", "input_cached");
    completion = kind("completion", "output");
    duration(NO_ERROR);
  }

  /** Counted per request and in sum. */
  private record Kind(Counter sum, DistributionSummary perRequest) {
    void record(int tokens) {
      sum.increment(tokens);
      perRequest.record(tokens);
    }
  }

  private Kind kind(String name, String tokenType) {
    return new Kind(
        Counter.builder("baton.chat.tokens").tag("kind", name).register(meters),
        DistributionSummary.builder("gen_ai.client.token.usage")
            .description("Tokens of a request")
            .baseUnit("token")
            .tags(model.and("gen_ai.token.type", tokenType))
            .serviceLevelObjectives(USAGE_BOUNDS)
            .register(meters));
  }

  /**
   * Records a generation that has ended.
   *
   * @param errorType the engine's code, or {@link #NO_ERROR}; one of a small closed set
   */
  void ended(String errorType, TokenUsage usage) {
    duration(errorType).record(usage.total());
    prompt.record(usage.promptTokens());
    cached.record(usage.cachedTokens());
    completion.record(usage.completionTokens());
    if (usage.completionTokens() > 0) {
      firstToken.record(usage.timeToFirstToken());
      queued.record(usage.queued());
    }
    if (usage.completionTokens() > 1) {
      perToken.record(
          usage.total().minus(usage.timeToFirstToken()).dividedBy(usage.completionTokens() - 1));
    }
  }

  private Timer duration(String errorType) {
    return durations.computeIfAbsent(
        errorType,
        type ->
            Timer.builder("gen_ai.server.request.duration")
                .description("From acceptance to the end")
                .tags(model.and("error.type", type))
                .serviceLevelObjectives(REQUEST_BOUNDS)
                .register(meters));
  }

  private static Duration[] doubling(int firstMillis, int count) {
    return Stream.iterate(Duration.ofMillis(firstMillis), bound -> bound.multipliedBy(2))
        .limit(count)
        .toArray(Duration[]::new);
  }

  private static Duration[] millis(int... bounds) {
    return IntStream.of(bounds).mapToObj(Duration::ofMillis).toArray(Duration[]::new);
  }
}
