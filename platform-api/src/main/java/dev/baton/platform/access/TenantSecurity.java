package dev.baton.platform.access;

import dev.baton.admin.apikey.KeyScope;
import dev.baton.admin.apikey.TenantAccess;
import dev.baton.admin.apikey.TenantDirectory;
import dev.baton.admin.http.BearerChain;
import dev.baton.admin.limits.LimitDirectory;
import dev.baton.platform.problem.ApiProblem;
import org.jspecify.annotations.Nullable;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.dao.DataAccessException;
import org.springframework.security.authentication.ReactiveAuthenticationManager;
import org.springframework.security.config.web.server.ServerHttpSecurity;
import org.springframework.security.core.Authentication;
import org.springframework.security.web.server.SecurityWebFilterChain;
import org.springframework.security.web.server.ServerAuthenticationEntryPoint;
import org.springframework.security.web.server.WebFilterExchange;
import org.springframework.security.web.server.authentication.AuthenticationWebFilter;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * The chain in front of {@code /v1}: a bearer key on each request, no session, no CSRF token. What
 * it refuses goes to the one writer of errors; a store that is away is a 503, never a 401.
 */
@Configuration(proxyBeanMethods = false)
class TenantSecurity {
  private static final String PROMPT_VERSION = "Baton-Prompt-Version";

  @Bean
  @Order(20)
  SecurityWebFilterChain tenantChain(
      ServerHttpSecurity http, TenantDirectory directory, LimitDirectory limits) {
    ServerAuthenticationEntryPoint refuse =
        (exchange, cause) -> Mono.error(ApiProblem.unauthenticated());
    AuthenticationWebFilter keys = new AuthenticationWebFilter(manager(directory, limits));
    keys.setServerAuthenticationConverter(exchange ->
        Mono.justOrEmpty(BearerChain.token(exchange))
            .map(key -> ApiKeyToken.unproven(key, chosenVersion(exchange))));
    keys.setAuthenticationSuccessHandler(TenantSecurity::showVersion);
    return BearerChain.on("/v1/**", http, keys, refuse)
        .headers(headers -> headers.cache(ServerHttpSecurity.HeaderSpec.CacheSpec::disable))
        .authorizeExchange(exchanges ->
            exchanges
                .pathMatchers("/v1/chat/**")
                .hasAuthority(KeyScope.CHAT.label())
                .pathMatchers("/v1/models/**")
                .hasAuthority(KeyScope.MODELS.label())
                .anyExchange()
                .authenticated())
        .build();
  }

  /** Limits come along, so that a key that is known when Redis goes away has known limits. */
  private static ReactiveAuthenticationManager manager(
      TenantDirectory directory, LimitDirectory limits) {
    return unproven ->
        directory
            .authenticate(String.valueOf(unproven.getCredentials()))
            .switchIfEmpty(Mono.error(ApiProblem::unauthenticated))
            .delayUntil(access ->
                limits
                    .of(access.tenantId(), access.keyId())
                    .onErrorComplete(DataAccessException.class))
            .flatMap(access ->
                unproven.getDetails() instanceof String version
                    ? select(directory, access, version)
                    : Mono.just(ApiKeyToken.proven(access)));
  }

  /** Has one request answered with another version of the tenant's prompt. */
  private static Mono<ApiKeyToken> select(
      TenantDirectory directory, TenantAccess access, String version) {
    return access.scopes().contains(KeyScope.PROMPT_SELECT)
        ? directory
            .select(access, version)
            .switchIfEmpty(Mono.error(ApiProblem::promptVersionNotFound))
            .map(ApiKeyToken::proven)
        : Mono.error(ApiProblem.insufficientScope());
  }

  private static @Nullable String chosenVersion(ServerWebExchange exchange) {
    String version = exchange.getRequest().getHeaders().getFirst(PROMPT_VERSION);
    return version == null || version.isBlank() ? null : version.strip();
  }

  /** Says which version answers, for whoever compares two. */
  private static Mono<Void> showVersion(WebFilterExchange filtered, Authentication caller) {
    ServerWebExchange exchange = filtered.getExchange();
    if (caller.getPrincipal() instanceof TenantAccess access && access.systemPrompt() != null) {
      exchange
          .getResponse()
          .getHeaders()
          .set(PROMPT_VERSION, access.systemPrompt().key().versionId());
    }
    return filtered.getChain().filter(exchange);
  }
}
