package dev.baton.platform.operations;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.springframework.boot.EnvironmentPostProcessor;
import org.springframework.boot.SpringApplication;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;

/**
 * Says in Spring's words what {@link LogSettings} and {@link TraceSettings} say in Baton's, before
 * logging starts and beans are chosen. Without an endpoint for traces nothing of tracing is there:
 * no span is made to be thrown away. Values that make no sense are refused later, with all others.
 */
public final class ObservabilityEnvironment implements EnvironmentPostProcessor {
  private static final String TRACING = "org.springframework.boot.micrometer.tracing.";

  /** What Spring is not to configure where no traces are wanted. */
  public static final String UNTRACED =
      String.join(
          ",",
          "org.springframework.boot.opentelemetry.autoconfigure.OpenTelemetrySdkAutoConfiguration",
          TRACING + "opentelemetry.autoconfigure.OpenTelemetryTracingAutoConfiguration",
          TRACING + "opentelemetry.autoconfigure.otlp.OtlpTracingAutoConfiguration",
          TRACING + "autoconfigure.MicrometerTracingAutoConfiguration",
          TRACING + "autoconfigure.prometheus.PrometheusExemplarsAutoConfiguration",
          // A span for each command; also a timer with a dozen tags for each, traced or not.
          "org.springframework.boot.data.redis.autoconfigure.observation.LettuceObservationAutoConfiguration");

  @Override
  public void postProcessEnvironment(
      ConfigurableEnvironment environment, SpringApplication application) {
    Map<String, Object> said = new HashMap<>();
    if (value(environment, "baton.log.format").toLowerCase(Locale.ROOT).equals("json")) {
      said.put("logging.structured.format.console", "ecs");
    }
    String endpoint = value(environment, "baton.traces.endpoint");
    if (endpoint.isEmpty()) {
      said.put("spring.autoconfigure.exclude", UNTRACED);
    } else {
      said.put("management.opentelemetry.tracing.export.otlp.endpoint", endpoint);
      String sampled = value(environment, "baton.traces.sampled");
      said.put("management.tracing.sampling.probability", sampled.isEmpty() ? "0.1" : sampled);
    }
    environment.getPropertySources().addLast(new MapPropertySource("baton observability", said));
  }

  private static String value(ConfigurableEnvironment environment, String key) {
    return environment.getProperty(key, "").strip();
  }
}
