package dev.baton.platform.access;

import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpHeaders;
import org.springframework.stereotype.Component;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import reactor.core.publisher.Mono;

/**
 * Headers of every answer, also of those that no security chain sees: content is what its type
 * says, nobody frames it, and a page may load nothing. The console and the API's documents are
 * pages: they say more exactly what they need.
 */
@Component
@Order(Ordered.HIGHEST_PRECEDENCE + 5)
final class SecurityHeaders implements WebFilter {
  private static final String NOTHING = "default-src 'none'; frame-ancestors 'none'";

  private static final String ONE_YEAR = "max-age=31536000; includeSubDomains";

  /** Swagger's page sets styles from its script, and embeds pictures. */
  private static final String DOCUMENTS =
      "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
          + "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

  @Override
  public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
    String path = exchange.getRequest().getPath().pathWithinApplication().value();
    boolean document =
        path.equals("/docs") || path.startsWith("/docs/") || path.startsWith("/webjars/swagger-ui");
    boolean secure = "https".equalsIgnoreCase(exchange.getRequest().getURI().getScheme());
    exchange
        .getResponse()
        .beforeCommit(() -> {
          HttpHeaders headers = exchange.getResponse().getHeaders();
          setIfAbsent(headers, "X-Content-Type-Options", "nosniff");
          setIfAbsent(headers, "X-Frame-Options", "DENY");
          setIfAbsent(headers, "X-XSS-Protection", "0");
          setIfAbsent(headers, "Referrer-Policy", "no-referrer");
          if (secure) {
            setIfAbsent(headers, "Strict-Transport-Security", ONE_YEAR);
          }
          setIfAbsent(headers, "Cross-Origin-Resource-Policy", "same-origin");
          // This comes before Spring Security writes: the console's own policy would find one
          // there.
          if (!path.startsWith("/console")) {
            setIfAbsent(headers, "Content-Security-Policy", document ? DOCUMENTS : NOTHING);
          }
          return Mono.empty();
        });
    return chain.filter(exchange);
  }

  private static void setIfAbsent(HttpHeaders headers, String name, String value) {
    if (!headers.containsHeader(name)) {
      headers.set(name, value);
    }
  }
}
