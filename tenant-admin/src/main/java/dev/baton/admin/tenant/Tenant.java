package dev.baton.admin.tenant;

import dev.baton.admin.http.EntityTag;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A SaaS customer.
 *
 * @param id names it everywhere; never reused
 * @param name unique among tenants, not regarding case and look
 * @param activeVersionId the prompt version its requests get, or null until the first activation
 *     has ended, which they wait for
 * @param previousVersionId the version that was active before, where a rollback leads, or null
 * @param deletedAt null unless it is deleted
 * @param purgeAt from then on what it owns is removed; null unless it is deleted
 */
public record Tenant(
    String id,
    String name,
    TenantStatus status,
    Instant createdAt,
    @Nullable String activeVersionId,
    @Nullable String previousVersionId,
    @Nullable Instant deletedAt,
    @Nullable Instant purgeAt) {

  /** Equal to {@code tenant_tag} of the scripts. */
  String etag() {
    return EntityTag.of(
        String.join(
            "\n",
            name,
            status.name(),
            createdAt.toString(),
            activeVersionId == null ? "" : activeVersionId,
            deletedAt == null ? "" : deletedAt.toString()));
  }
}
