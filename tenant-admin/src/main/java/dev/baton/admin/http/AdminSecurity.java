package dev.baton.admin.http;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpHeaders;
import org.springframework.security.authentication.BadCredentialsException;
import org.springframework.security.authentication.ReactiveAuthenticationManager;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.config.web.server.SecurityWebFiltersOrder;
import org.springframework.security.config.web.server.ServerHttpSecurity;
import org.springframework.security.web.server.SecurityWebFilterChain;
import org.springframework.security.web.server.ServerAuthenticationEntryPoint;
import org.springframework.security.web.server.authentication.AuthenticationWebFilter;
import org.springframework.security.web.server.authentication.ServerAuthenticationEntryPointFailureHandler;
import org.springframework.security.web.server.context.NoOpServerSecurityContextRepository;
import org.springframework.security.web.server.util.matcher.PathPatternParserServerWebExchangeMatcher;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/** The chain in front of {@code /admin}: the bearer token on each request, nothing remembered. */
@Configuration(proxyBeanMethods = false)
class AdminSecurity {
  private static final String SCHEME = "Bearer ";

  @Bean
  @Order(10)
  SecurityWebFilterChain adminChain(ServerHttpSecurity http, AdminSettings settings) {
    ServerAuthenticationEntryPoint refuse =
        (exchange, cause) -> Mono.error(AdminProblem.unauthenticated());
    AuthenticationWebFilter bearer =
        new AuthenticationWebFilter(manager(String.valueOf(settings.token())));
    bearer.setServerAuthenticationConverter(exchange ->
        Mono.justOrEmpty(presented(exchange))
            .map(token -> UsernamePasswordAuthenticationToken.unauthenticated("", token)));
    bearer.setAuthenticationFailureHandler(
        new ServerAuthenticationEntryPointFailureHandler(refuse));
    bearer.setSecurityContextRepository(NoOpServerSecurityContextRepository.getInstance());
    return http.securityMatcher(new PathPatternParserServerWebExchangeMatcher("/admin/**"))
        .csrf(ServerHttpSecurity.CsrfSpec::disable)
        .httpBasic(ServerHttpSecurity.HttpBasicSpec::disable)
        .formLogin(ServerHttpSecurity.FormLoginSpec::disable)
        .logout(ServerHttpSecurity.LogoutSpec::disable)
        .requestCache(ServerHttpSecurity.RequestCacheSpec::disable)
        .securityContextRepository(NoOpServerSecurityContextRepository.getInstance())
        .exceptionHandling(handling -> handling.authenticationEntryPoint(refuse))
        .authorizeExchange(exchanges -> exchanges.anyExchange().authenticated())
        .addFilterAt(bearer, SecurityWebFiltersOrder.AUTHENTICATION)
        .build();
  }

  /** Digests are compared, in constant time, so that not even the token's length shows. */
  private static ReactiveAuthenticationManager manager(String token) {
    byte[] expected = sha256(token);
    return presented ->
        MessageDigest.isEqual(expected, sha256(String.valueOf(presented.getCredentials())))
            ? Mono.just(UsernamePasswordAuthenticationToken.authenticated("admin", null, List.of()))
            : Mono.error(new BadCredentialsException("not the admin token"));
  }

  private static @Nullable String presented(ServerWebExchange exchange) {
    String header = exchange.getRequest().getHeaders().getFirst(HttpHeaders.AUTHORIZATION);
    return header != null && header.regionMatches(true, 0, SCHEME, 0, SCHEME.length())
        ? header.substring(SCHEME.length()).strip()
        : null;
  }

  private static byte[] sha256(String text) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
