package dev.baton.platform.access;

import dev.baton.admin.apikey.TenantAccess;
import dev.baton.platform.problem.ApiProblem;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.security.authentication.AbstractAuthenticationToken;

/** An API key as sent, and once proven the tenant it speaks for, without the key. */
final class ApiKeyToken extends AbstractAuthenticationToken {
  private static final long serialVersionUID = 1;

  private final transient @Nullable String key;
  private final transient @Nullable TenantAccess access;

  private ApiKeyToken(@Nullable String key, @Nullable TenantAccess access) {
    super(List.of());
    this.key = key;
    this.access = access;
    setAuthenticated(access != null);
  }

  static ApiKeyToken unproven(String key) {
    return new ApiKeyToken(key, null);
  }

  /**
   * The caller of a request.
   *
   * @throws ApiProblem when the tenant is suspended
   */
  static ApiKeyToken proven(TenantAccess access) {
    return switch (access.status()) {
      case ACTIVE -> new ApiKeyToken(null, access);
      case SUSPENDED -> throw ApiProblem.suspended();
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
