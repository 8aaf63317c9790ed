package dev.baton.platform.access;

import java.util.List;
import java.util.stream.Stream;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpStatus;
import org.springframework.http.server.PathContainer;
import org.springframework.stereotype.Component;
import org.springframework.web.server.ResponseStatusException;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import org.springframework.web.util.pattern.PathPattern;
import org.springframework.web.util.pattern.PathPatternParser;
import reactor.core.publisher.Mono;

/**
 * With a port for operators, what is theirs answers 404 on the tenants' port and the other way
 * round: before any credential is looked at, as if it were not there. Health answers on both, and
 * so do chats: the console's playground, at home on the operators' port, holds them with a tenant's
 * key.
 */
@Component
@Order(Ordered.HIGHEST_PRECEDENCE + 10) // after the request has its name, before security
final class PortSeparation implements WebFilter {
  private static final List<PathPattern> OPERATORS =
      patterns("/admin/**", "/console/**", "/actuator/prometheus/**", "/v3/api-docs/admin/**");
  private static final List<PathPattern> TENANTS = patterns("/v1/**", "/v3/api-docs/tenant/**");
  private static final List<PathPattern> BOTH = patterns("/v1/chat/completions");

  private final AdminPort adminPort;

  PortSeparation(AdminPort adminPort) {
    this.adminPort = adminPort;
  }

  @Override
  public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
    if (adminPort.separate()) {
      // Decoded as the router does: an encoded letter is no way round.
      PathContainer path = exchange.getRequest().getPath().pathWithinApplication();
      List<PathPattern> elsewhere = adminPort.received(exchange.getRequest()) ? TENANTS : OPERATORS;
      if (matches(elsewhere, path) && !matches(BOTH, path)) {
        return Mono.error(new ResponseStatusException(HttpStatus.NOT_FOUND));
      }
    }
    return chain.filter(exchange);
  }

  private static boolean matches(List<PathPattern> patterns, PathContainer path) {
    return patterns.stream().anyMatch(pattern -> pattern.matches(path));
  }

  private static List<PathPattern> patterns(String... patterns) {
    return Stream.of(patterns).map(PathPatternParser.defaultInstance::parse).toList();
  }
}
