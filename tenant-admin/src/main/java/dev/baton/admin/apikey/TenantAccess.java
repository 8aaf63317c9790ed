package dev.baton.admin.apikey;

import dev.baton.admin.tenant.TenantStatus;
import dev.baton.engine.SystemPrompt;
import org.jspecify.annotations.Nullable;

/**
 * What a valid key gives access to.
 *
 * @param activePrompt the tenant's active prompt version, or null before the first activation
 */
public record TenantAccess(
    String tenantId, String keyId, TenantStatus status, @Nullable SystemPrompt activePrompt) {}
