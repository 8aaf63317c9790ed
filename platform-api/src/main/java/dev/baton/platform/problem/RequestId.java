package dev.baton.platform.problem;

import io.micrometer.common.KeyValue;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.http.server.reactive.observation.ServerRequestObservationContext;
import org.springframework.stereotype.Component;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import reactor.core.publisher.Mono;

/** Names every request and says the name in {@code x-request-id}, also on errors. */
@Component
@Order(Ordered.HIGHEST_PRECEDENCE)
public final class RequestId implements WebFilter {
  private static final String ATTRIBUTE = RequestId.class.getName();

  @Override
  public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
    byte[] random = new byte[12];
    ThreadLocalRandom.current().nextBytes(random);
    String id = "req_" + HexFormat.of().formatHex(random);
    exchange.getAttributes().put(ATTRIBUTE, id);
    exchange.getResponse().getHeaders().set("x-request-id", id);
    // On spans only: a value of its own for each request is nothing for metrics.
    ServerRequestObservationContext.findCurrent(exchange.getAttributes())
        .ifPresent(span -> span.addHighCardinalityKeyValue(KeyValue.of("baton.request.id", id)));
    return chain.filter(exchange);
  }

  /** The name of this request. */
  public static String of(ServerWebExchange exchange) {
    return exchange.getAttributeOrDefault(ATTRIBUTE, "unnamed");
  }
}
