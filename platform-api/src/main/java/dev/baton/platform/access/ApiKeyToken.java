package dev.baton.platform.access;

import dev.baton.admin.apikey.TenantAccess;
import dev.baton.platform.problem.ApiProblem;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.security.authentication.AbstractAuthenticationToken;
import org.springframework.security.core.GrantedAuthority;
import org.springframework.security.core.authority.SimpleGrantedAuthority;

/** An API key as sent, and once proven the tenant it speaks for, without the key. */
final class ApiKeyToken extends AbstractAuthenticationToken {
  private static final long serialVersionUID = 1;

  private final transient @Nullable String key;
  private final transient @Nullable TenantAccess access;

  private ApiKeyToken(@Nullable String key, @Nullable TenantAccess access) {
    super(access == null ? List.of() : authorities(access));
    this.key = key;
    this.access = access;
    setAuthenticated(access != null);
  }

  private static List<GrantedAuthority> authorities(TenantAccess access) {
    return access.scopes().stream()
        .<GrantedAuthority>map(scope -> new SimpleGrantedAuthority(scope.label()))
        .toList();
  }

  /**
   * A key as it was sent.
   *
   * @param version the prompt version or label that the request asks for, or null
   */
  static ApiKeyToken unproven(String key, @Nullable String version) {
    ApiKeyToken token = new ApiKeyToken(key, null);
    token.setDetails(version);
    return token;
  }

  /**
   * The caller of a request.
   *
   * @throws ApiProblem when the tenant is suspended or deleted
   */
  static ApiKeyToken proven(TenantAccess access) {
    return switch (access.status()) {
      case ACTIVE -> new ApiKeyToken(null, access);
      case SUSPENDED -> throw ApiProblem.suspended();
      case DELETED, PURGING -> throw ApiProblem.unauthenticated();
    };
  }

  @Override
  public @Nullable Object getCredentials() {
    return key;
  }

  @Override
  public @Nullable Object getPrincipal() {
    return access;
  }

  /** Neither key nor tenant belongs in a log by accident. */
  @Override
  public String toString() {
    return "ApiKeyToken[" + (isAuthenticated() ? "proven" : "unproven") + "]";
  }
}
