package dev.baton.admin.tenant;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A SaaS customer.
 *
 * @param id names it everywhere; never reused
 * @param name unique among tenants, not regarding case and look
 * @param activeVersionId the prompt version its requests get, or null before the first activation
 */
public record Tenant(
    String id,
    String name,
    TenantStatus status,
    Instant createdAt,
    @Nullable String activeVersionId) {}
