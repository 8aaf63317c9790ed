package dev.baton.admin.systemprompt;

import dev.baton.engine.Residency;
import dev.baton.engine.SystemKvStatus;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A system KV as the console and scripts see it.
 *
 * @param tenantName null where the tenant is gone
 * @param pinnedBy who pinned it; null where nobody did
 */
record SystemKvView(
    String tenantId,
    @Nullable String tenantName,
    String versionId,
    Residency residency,
    boolean pinned,
    @Nullable String pinnedBy,
    @Nullable Instant pinnedAt,
    int tokens,
    int filledTokens,
    long bytes,
    int sequences,
    long fills,
    long hits,
    long evictions,
    Map<String, Long> prefixMismatches,
    @Nullable Instant lastUsed) {

  static SystemKvView of(
      SystemKvStatus status, @Nullable String tenantName, Pins.@Nullable Pin pin) {
    return new SystemKvView(
        status.key().tenantId(),
        tenantName,
        status.key().versionId(),
        status.residency(),
        status.pinned(),
        pin == null ? null : pin.by(),
        pin == null ? null : pin.at(),
        status.tokens(),
        status.filledTokens(),
        status.bytes(),
        status.sequences(),
        status.fills(),
        status.hits(),
        status.evictions(),
        status.prefixMismatches(),
        status.lastUsed());
  }
}
