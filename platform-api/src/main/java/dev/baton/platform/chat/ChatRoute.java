package dev.baton.platform.chat;

import org.springframework.http.HttpMethod;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.observation.ServerRequestObservationContext;
import org.springframework.stereotype.Component;
import org.springframework.web.reactive.handler.AbstractHandlerMapping;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebHandler;
import org.springframework.web.util.pattern.PathPattern;
import org.springframework.web.util.pattern.PathPatternParser;
import reactor.core.publisher.Mono;

/**
 * The short way to {@link ChatEndpoint}, for requests that are what it takes: they stand before
 * every token that is served, and need neither the other mappings looked at nor arguments resolved.
 * Whatever is not so, another method or type of content, goes the endpoint's annotated way, which
 * says what is wrong with it.
 */
@Component
final class ChatRoute extends AbstractHandlerMapping {
  private static final PathPattern PATH =
      PathPatternParser.defaultInstance.parse(ChatEndpoint.PATH);
  private static final String JSON = MediaType.APPLICATION_JSON_VALUE;

  private final Mono<WebHandler> endpoint;

  ChatRoute(ChatEndpoint endpoint) {
    this.endpoint = Mono.just(endpoint::complete);
    setOrder(-2); // functional routes, such as the console's files, are asked at -1
  }

  @Override
  protected Mono<?> getHandlerInternal(ServerWebExchange exchange) {
    ServerHttpRequest request = exchange.getRequest();
    if (request.getMethod() != HttpMethod.POST
        || !request.getPath().pathWithinApplication().value().equals(ChatEndpoint.PATH)
        || !JSON.equalsIgnoreCase(request.getHeaders().getFirst("Content-Type"))) {
      return Mono.empty();
    }
    exchange.getAttributes().put(BEST_MATCHING_PATTERN_ATTRIBUTE, PATH);
    ServerRequestObservationContext.findCurrent(exchange.getAttributes())
        .ifPresent(observed -> observed.setPathPattern(ChatEndpoint.PATH));
    return endpoint;
  }
}
