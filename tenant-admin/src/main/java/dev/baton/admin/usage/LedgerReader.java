package dev.baton.admin.usage;

import dev.baton.admin.storage.Store;
import dev.baton.admin.storage.TenantKeys;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.data.domain.Range;
import org.springframework.data.domain.Range.Bound;
import org.springframework.data.redis.connection.Limit;
import org.springframework.data.redis.connection.stream.MapRecord;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Reads a tenant's ledger: pages from its end, or all of it from its begin. */
@Component
final class LedgerReader {
  private static final int ENTRIES_PER_READ = 500;

  private final Store store;

  LedgerReader(Store store) {
    this.store = store;
  }

  /** Entries older than this one, or the newest ones, newest first. */
  Mono<List<LedgerEntry>> newest(String tenantId, @Nullable String before, int limit) {
    Range<String> range =
        before == null ? Range.unbounded() : Range.of(Bound.unbounded(), Bound.exclusive(before));
    return store.read(redis ->
        redis
            .<String, String>opsForStream()
            .reverseRange(new TenantKeys(tenantId).ledger(), range, Limit.limit().count(limit))
            .map(LedgerReader::entry)
            .collectList());
  }

  /** Entries settled in this time, oldest first, read as they are asked for. */
  Flux<LedgerEntry> settledBetween(String tenantId, Instant from, Instant to) {
    Bound<String> end = Bound.inclusive(Long.toString(to.toEpochMilli() - 1));
    return read(tenantId, Bound.inclusive(from.toEpochMilli() + "-0"), end)
        .expand(page ->
            page.size() < ENTRIES_PER_READ
                ? Mono.empty()
                : read(tenantId, Bound.exclusive(page.getLast().id()), end))
        .concatMapIterable(page -> page, 1);
  }

  private Mono<List<LedgerEntry>> read(String tenantId, Bound<String> from, Bound<String> to) {
    return store.read(redis ->
        redis
            .<String, String>opsForStream()
            .range(
                new TenantKeys(tenantId).ledger(),
                Range.of(from, to),
                Limit.limit().count(ENTRIES_PER_READ))
            .map(LedgerReader::entry)
            .collectList());
  }

  private static LedgerEntry entry(MapRecord<String, String, String> stored) {
    return LedgerEntry.parse(stored.getId().getValue(), stored.getValue());
  }
}
