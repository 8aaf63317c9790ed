package dev.baton.admin.apikey;

import dev.baton.admin.tenant.TenantStatus;
import dev.baton.engine.SystemPrompt;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a valid key gives access to.
 *
 * @param scopes what it may be used for
 * @param activePrompt the tenant's active prompt version, or null before the first activation
 */
public record TenantAccess(
    String tenantId,
    String keyId,
    TenantStatus status,
    Set<KeyScope> scopes,
    @Nullable SystemPrompt activePrompt) {
  public TenantAccess {
    scopes = Set.copyOf(scopes);
  }
}
