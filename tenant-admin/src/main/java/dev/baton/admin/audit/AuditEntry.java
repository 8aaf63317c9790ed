package dev.baton.admin.audit;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One change.
 *
 * @param id sorts by time over all tenants
 * @param at by Redis' clock
 * @param action {@code <resource>.<verb>}
 * @param tenantId whose object it is; null where it is the whole platform's
 * @param objectId what was changed
 * @param before digest of its state before, or null when there was none or nothing stored changed
 * @param after digest of its state after, or null
 */
public record AuditEntry(
    String id,
    Instant at,
    String actor,
    String action,
    @Nullable String tenantId,
    String objectId,
    @Nullable String before,
    @Nullable String after) {}
