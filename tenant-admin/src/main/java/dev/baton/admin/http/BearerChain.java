package dev.baton.admin.http;

import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.security.config.web.server.SecurityWebFiltersOrder;
import org.springframework.security.config.web.server.ServerHttpSecurity;
import org.springframework.security.web.server.ServerAuthenticationEntryPoint;
import org.springframework.security.web.server.authentication.AuthenticationWebFilter;
import org.springframework.security.web.server.authentication.ServerAuthenticationEntryPointFailureHandler;
import org.springframework.security.web.server.context.NoOpServerSecurityContextRepository;
import org.springframework.security.web.server.util.matcher.PathPatternParserServerWebExchangeMatcher;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * What the chains of admins and of tenants have in common: a bearer token on each request, no
 * session, no CSRF token, nothing remembered; refusals go to the one writer of errors.
 */
public final class BearerChain {
  private static final String SCHEME = "Bearer ";

  private BearerChain() {}

  /**
   * A chain in front of the paths.
   *
   * @param bearer reads {@link #token} and says whose it is
   * @param refuse answers whoever is unknown
   */
  public static ServerHttpSecurity on(
      String paths,
      ServerHttpSecurity http,
      AuthenticationWebFilter bearer,
      ServerAuthenticationEntryPoint refuse) {
    NoOpServerSecurityContextRepository nowhere = NoOpServerSecurityContextRepository.getInstance();
    bearer.setAuthenticationFailureHandler(
        new ServerAuthenticationEntryPointFailureHandler(refuse));
    bearer.setSecurityContextRepository(nowhere);
    return http.securityMatcher(new PathPatternParserServerWebExchangeMatcher(paths))
        .csrf(ServerHttpSecurity.CsrfSpec::disable)
        .httpBasic(ServerHttpSecurity.HttpBasicSpec::disable)
        .formLogin(ServerHttpSecurity.FormLoginSpec::disable)
        .logout(ServerHttpSecurity.LogoutSpec::disable)
        .requestCache(ServerHttpSecurity.RequestCacheSpec::disable)
        .securityContextRepository(nowhere)
        .exceptionHandling(handling ->
            handling
                .authenticationEntryPoint(refuse)
                .accessDeniedHandler((exchange, denied) -> Mono.error(denied)))
        .addFilterAt(bearer, SecurityWebFiltersOrder.AUTHENTICATION);
  }

  /** The token that a request presents, or null. */
  public static @Nullable String token(ServerWebExchange exchange) {
    String header = exchange.getRequest().getHeaders().getFirst(HttpHeaders.AUTHORIZATION);
    if (header == null || !header.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
      return null;
    }
    String token = header.substring(SCHEME.length()).strip();
    return token.isEmpty() ? null : token;
  }
}
