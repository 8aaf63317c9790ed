package dev.baton.platform.operations;

import dev.baton.engine.Engine;
import dev.baton.engine.GenerationEvent;
import dev.baton.engine.GenerationRequest;
import dev.baton.engine.TokenUsage;
import io.micrometer.tracing.Span;
import io.micrometer.tracing.Tracer;
import io.micrometer.tracing.handler.TracingObservationHandler.TracingContext;
import java.util.Locale;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.http.server.reactive.observation.ServerRequestObservationContext;
import org.springframework.stereotype.Component;
import org.springframework.web.server.ServerWebExchange;

/**
 * A span for the engine's part of a request, below that of its HTTP exchange, under the names of
 * OpenTelemetry's conventions for generative AI. Where nothing is traced, nothing is made.
 */
@Component
public final class EngineSpans {
  private final @Nullable Tracer tracer;
  private final Engine engine;

  EngineSpans(ObjectProvider<Tracer> tracer, Engine engine) {
    this.tracer = tracer.getIfAvailable();
    this.engine = engine;
  }

  /**
   * Begins a span; the answer ends it with the request's last event, on any thread.
   *
   * @param exchange whose span is the parent
   */
  public Consumer<GenerationEvent> begin(ServerWebExchange exchange, GenerationRequest request) {
    Span parent = parent(exchange);
    Span span = tracer == null || parent == null ? null : tracer.nextSpan(parent);
    if (span == null) {
      return last -> {};
    }
    String model = engine.model().id();
    span.name("chat " + model)
        .tag("gen_ai.operation.name", "chat")
        .tag("gen_ai.provider.name", "baton")
        .tag("gen_ai.request.model", model)
        .tag("baton.request.id", request.requestId())
        .start();
    return last -> end(span, last);
  }

  private static @Nullable Span parent(ServerWebExchange exchange) {
    return ServerRequestObservationContext.findCurrent(exchange.getAttributes())
        .map(context -> context.<TracingContext>get(TracingContext.class))
        .map(TracingContext::getSpan)
        .orElse(null);
  }

  private static void end(Span span, GenerationEvent last) {
    switch (last) {
      case GenerationEvent.Finished finished -> {
        usage(span, finished.usage());
        span.tag("gen_ai.response.finish_reasons", lowerCase(finished.reason()));
      }
      case GenerationEvent.Failed failed -> {
        usage(span, failed.usage());
        span.tag("error.type", lowerCase(failed.error().code()));
      }
      case GenerationEvent.Started started ->
          throw new IllegalArgumentException("not a last event");
      case GenerationEvent.Token token -> throw new IllegalArgumentException("not a last event");
    }
    span.end();
  }

  private static void usage(Span span, TokenUsage usage) {
    span.tag("gen_ai.usage.input_tokens", usage.promptTokens())
        .tag("gen_ai.usage.output_tokens", usage.completionTokens())
        .tag("baton.usage.cached_tokens", usage.cachedTokens());
  }

  private static String lowerCase(Enum<?> name) {
    return name.name().toLowerCase(Locale.ROOT);
  }
}
