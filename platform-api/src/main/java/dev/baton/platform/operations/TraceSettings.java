package dev.baton.platform.operations;

import java.net.URI;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Where traces go.
 *
 * @param endpoint OTLP over HTTP, such as {@code http://collector:4318/v1/traces}; none, no traces
 * @param sampled share of requests that are traced when their caller has not decided it
 */
@ConfigurationProperties("baton.traces")
record TraceSettings(@Nullable String endpoint, @DefaultValue("0.1") double sampled) {
  TraceSettings {
    if (!(sampled >= 0 && sampled <= 1)) {
      throw new IllegalArgumentException(
          "baton.traces.sampled must be between 0 and 1, not " + sampled);
    }
    if (endpoint != null && !endpoint.isBlank() && !isHttp(endpoint.strip())) {
      throw new IllegalArgumentException(
          "baton.traces.endpoint must be an address such as http://collector:4318/v1/traces");
    }
  }

  private static boolean isHttp(String endpoint) {
    try {
      URI address = URI.create(endpoint);
      return address.getHost() != null && String.valueOf(address.getScheme()).startsWith("http");
    } catch (IllegalArgumentException e) {
      return false;
    }
  }
}
