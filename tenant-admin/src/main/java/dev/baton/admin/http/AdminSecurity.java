package dev.baton.admin.http;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpMethod;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.config.observation.SecurityObservationSettings;
import org.springframework.security.config.web.server.SecurityWebFiltersOrder;
import org.springframework.security.config.web.server.ServerHttpSecurity;
import org.springframework.security.web.server.SecurityWebFilterChain;
import org.springframework.security.web.server.ServerAuthenticationEntryPoint;
import org.springframework.security.web.server.authentication.AuthenticationWebFilter;
import org.springframework.security.web.server.authentication.ServerAuthenticationEntryPointFailureHandler;
import org.springframework.security.web.server.context.NoOpServerSecurityContextRepository;
import org.springframework.security.web.server.util.matcher.PathPatternParserServerWebExchangeMatcher;
import reactor.core.publisher.Mono;

/**
 * The chain in front of {@code /admin}: a bearer token on each request, no session, no CSRF token,
 * nothing remembered, and what each {@link Role} may. Refusals go to the one writer of errors.
 */
@Configuration(proxyBeanMethods = false)
class AdminSecurity {
  private static final NoOpServerSecurityContextRepository NOWHERE =
      NoOpServerSecurityContextRepository.getInstance();

  /**
   * A span around every filter says nothing that the span of the request does not, and was a
   * quarter of what a request cost.
   */
  @Bean
  static SecurityObservationSettings noSpansOfFilters() {
    return SecurityObservationSettings.noObservations();
  }

  @Bean
  @Order(10)
  SecurityWebFilterChain adminChain(ServerHttpSecurity http, AdminSettings settings) {
    ServerAuthenticationEntryPoint refuse =
        (exchange, cause) -> Mono.error(AdminProblem.unauthenticated());
    AuthenticationWebFilter bearer = new AuthenticationWebFilter(new AdminLogin(settings));
    bearer.setServerAuthenticationConverter(exchange ->
        Mono.justOrEmpty(BearerToken.of(exchange))
            .map(token -> UsernamePasswordAuthenticationToken.unauthenticated("", token)));
    bearer.setAuthenticationFailureHandler(
        new ServerAuthenticationEntryPointFailureHandler(refuse));
    bearer.setSecurityContextRepository(NOWHERE);
    return http.securityMatcher(new PathPatternParserServerWebExchangeMatcher("/admin/**"))
        .csrf(ServerHttpSecurity.CsrfSpec::disable)
        .httpBasic(ServerHttpSecurity.HttpBasicSpec::disable)
        .formLogin(ServerHttpSecurity.FormLoginSpec::disable)
        .logout(ServerHttpSecurity.LogoutSpec::disable)
        .requestCache(ServerHttpSecurity.RequestCacheSpec::disable)
        .securityContextRepository(NOWHERE)
        .exceptionHandling(handling ->
            handling
                .authenticationEntryPoint(refuse)
                .accessDeniedHandler((exchange, denied) -> Mono.error(denied)))
        .addFilterAt(bearer, SecurityWebFiltersOrder.AUTHENTICATION)
        .authorizeExchange(exchanges ->
            exchanges
                .pathMatchers(HttpMethod.DELETE, "/admin/v1/tenants/{tenantId}")
                .hasAuthority(Role.OWNER.name())
                .pathMatchers(HttpMethod.POST, "/admin/v1/tenants/{tenantId}/restore")
                .hasAuthority(Role.OWNER.name())
                .pathMatchers(HttpMethod.PUT, "/admin/v1/prices")
                .hasAuthority(Role.OWNER.name())
                .pathMatchers(HttpMethod.GET, "/admin/v1/me")
                .authenticated()
                .pathMatchers(HttpMethod.POST, "/admin/v1/tenants/{tenantId}/prompts/preview")
                .hasAuthority(Role.AUDITOR.name())
                .pathMatchers(HttpMethod.GET)
                .hasAuthority(Role.AUDITOR.name())
                .pathMatchers(HttpMethod.HEAD)
                .hasAuthority(Role.AUDITOR.name())
                .anyExchange()
                .hasAuthority(Role.OPERATOR.name()))
        .build();
  }
}
