package dev.baton.platform.access;

import dev.baton.admin.apikey.KeyScope;
import dev.baton.admin.apikey.TenantAccess;
import dev.baton.admin.apikey.TenantDirectory;
import dev.baton.admin.http.BearerToken;
import dev.baton.admin.limits.LimitDirectory;
import dev.baton.platform.problem.ApiProblem;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataAccessException;
import org.springframework.http.server.PathContainer;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import org.springframework.web.util.pattern.PathPattern;
import org.springframework.web.util.pattern.PathPatternParser;
import reactor.core.publisher.Mono;

/**
 * Proves a request's API key: whose it is, whether that tenant is served, and whether the key may
 * be used for this path. A store that is away is a 503, never a 401.
 *
 * <p>Implementation note: one filter, since it stands before every token that is served. Each of
 * those that Spring Security would set up for the same is a chain of operators.
 */
final class KeyFilter implements WebFilter {
  private static final String PROMPT_VERSION = "Baton-Prompt-Version";
  private static final PathPattern CHAT = PathPatternParser.defaultInstance.parse("/v1/chat/**");
  private static final PathPattern MODELS =
      PathPatternParser.defaultInstance.parse("/v1/models/**");

  private final TenantDirectory directory;
  private final LimitDirectory limits;

  KeyFilter(TenantDirectory directory, LimitDirectory limits) {
    this.directory = directory;
    this.limits = limits;
  }

  @Override
  public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
    String key = BearerToken.of(exchange);
    if (key == null) {
      return Mono.error(ApiProblem.unauthenticated());
    }
    String version = chosenVersion(exchange);
    Mono<TenantAccess> caller = caller(key);
    return (version == null ? caller : caller.flatMap(access -> select(access, version)))
        .flatMap(access -> {
          requireServed(access);
          requireScope(access, exchange);
          Caller.set(exchange, access);
          showVersion(access, exchange);
          return chain.filter(exchange);
        });
  }

  /** Limits come along, so that a key that is known when Redis goes away has known limits. */
  private Mono<TenantAccess> caller(String key) {
    return directory
        .authenticate(key)
        .switchIfEmpty(Mono.error(ApiProblem::unauthenticated))
        .flatMap(access ->
            limits.remembers(access.tenantId())
                ? Mono.just(access)
                : limits
                    .of(access.tenantId(), access.keyId())
                    .onErrorComplete(DataAccessException.class)
                    .thenReturn(access));
  }

  private static @Nullable String chosenVersion(ServerWebExchange exchange) {
    String version = exchange.getRequest().getHeaders().getFirst(PROMPT_VERSION);
    return version == null || version.isBlank() ? null : version.strip();
  }

  /** Has one request answered with another version of the tenant's prompt. */
  private Mono<TenantAccess> select(TenantAccess access, String version) {
    return access.scopes().contains(KeyScope.PROMPT_SELECT)
        ? directory
            .select(access, version)
            .switchIfEmpty(Mono.error(ApiProblem::promptVersionNotFound))
        : Mono.error(ApiProblem.insufficientScope());
  }

  private static void requireServed(TenantAccess access) {
    switch (access.status()) {
      case ACTIVE -> {}
      case SUSPENDED -> throw ApiProblem.suspended();
      case DELETED, PURGING -> throw ApiProblem.unauthenticated();
    }
  }

  private static void requireScope(TenantAccess access, ServerWebExchange exchange) {
    PathContainer path = exchange.getRequest().getPath().pathWithinApplication();
    @Nullable KeyScope needed =
        CHAT.matches(path) ? KeyScope.CHAT : MODELS.matches(path) ? KeyScope.MODELS : null;
    if (needed != null && !access.scopes().contains(needed)) {
      throw ApiProblem.insufficientScope();
    }
  }

  /** Says which version answers, for whoever compares two. */
  private static void showVersion(TenantAccess access, ServerWebExchange exchange) {
    if (access.systemPrompt() != null) {
      exchange
          .getResponse()
          .getHeaders()
          .set(PROMPT_VERSION, access.systemPrompt().key().versionId());
    }
  }
}
