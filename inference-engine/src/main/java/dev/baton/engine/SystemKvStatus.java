package dev.baton.engine;

import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One system KV as an admin sees it.
 *
 * @param tokens tokens it covers; 0 while unknown
 * @param filledTokens of those, computed so far
 * @param bytes device memory it holds now
 * @param sequences running requests that use it
 * @param fills times it was computed
 * @param hits requests that found it resident or filling
 * @param evictions times it lost its memory
 * @param prefixMismatches requests whose rendering did not begin with its tokens, by cause
 */
public record SystemKvStatus(
    SystemKvKey key,
    Residency residency,
    boolean pinned,
    int tokens,
    int filledTokens,
    long bytes,
    int sequences,
    long fills,
    long hits,
    long evictions,
    Map<String, Long> prefixMismatches,
    @Nullable Instant lastUsed) {
  public SystemKvStatus {
    prefixMismatches = Map.copyOf(prefixMismatches);
  }
}
