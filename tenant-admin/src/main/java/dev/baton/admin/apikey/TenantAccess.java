package dev.baton.admin.apikey;

import dev.baton.admin.tenant.TenantStatus;
import dev.baton.engine.SystemPrompt;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a valid key gives access to.
 *
 * @param scopes what it may be used for
 * @param systemPrompt what its requests are answered with: the version that is active, that the
 *     tenant's first activation fills, or that the request selects; null before any activation
 */
public record TenantAccess(
    String tenantId,
    String keyId,
    TenantStatus status,
    Set<KeyScope> scopes,
    @Nullable SystemPrompt systemPrompt) {
  public TenantAccess {
    scopes = Set.copyOf(scopes);
  }
}
