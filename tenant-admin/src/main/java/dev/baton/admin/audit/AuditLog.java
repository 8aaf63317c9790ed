package dev.baton.admin.audit;

import dev.baton.admin.http.AdminProblem;
import dev.baton.admin.http.Page;
import dev.baton.admin.storage.Store;
import dev.baton.admin.storage.TenantIndex;
import dev.baton.admin.storage.TenantKeys;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;
import org.springframework.data.domain.Range;
import org.springframework.data.redis.connection.Limit;
import org.springframework.data.redis.connection.stream.MapRecord;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Reads the audit entries of all tenants as one log, newest first.
 *
 * <p>Implementation note: entries lie with their tenants, because they are written in the tenant's
 * script. A page of all tenants takes one short read a tenant, but never holds more entries than a
 * page: each read only competes for a place among the newest found so far. What belongs to no
 * tenant, as the price table does, has a log of its own beside them.
 */
@Component
public final class AuditLog {
  /** Where scripts log changes of what belongs to no tenant. */
  public static final String PLATFORM_LOG = "baton:{index}:audit";

  /** Whose log that is, in place of a tenant's id. */
  private static final String PLATFORM = "";

  private static final int CONCURRENT_READS = 16;
  private static final int EXPORT_READ = 500;
  private static final Comparator<Position> NEWEST_FIRST =
      Comparator.comparingLong(Position::millis)
          .thenComparingLong(Position::sequence)
          .thenComparing(Position::tenantId)
          .reversed();

  private final Store store;
  private final TenantIndex index;

  AuditLog(Store store, TenantIndex index) {
    this.store = store;
    this.index = index;
  }

  /** A place in the log: {@code MILLIS-SEQUENCE-TENANT}. */
  record Position(long millis, long sequence, String tenantId) {

    static Position parse(String id) {
      String[] parts = id.split("-", 3);
      if (parts.length != 3) {
        throw new IllegalArgumentException("not an audit entry's id");
      }
      long millis = Long.parseLong(parts[0]);
      long sequence = Long.parseLong(parts[1]);
      if (millis < 0 || sequence < 0) {
        throw new IllegalArgumentException("not an audit entry's id");
      }
      return new Position(millis, sequence, parts[2]);
    }

    static Position of(AuditEntry entry) {
      return parse(entry.id());
    }

    String streamId() {
      return millis + "-" + sequence;
    }
  }

  /** The entries behind this one, or the newest ones, of one tenant or all. */
  Mono<Page<AuditEntry>> page(@Nullable String tenantId, @Nullable Position after, int limit) {
    Flux<String> tenants = tenantId == null ? allLogs() : Flux.just(tenantId);
    return tenants
        .flatMap(id -> newest(id, after, limit + 1), CONCURRENT_READS)
        .collect(() -> new Newest(limit + 1), Newest::offer)
        .map(newest -> Page.of(newest.inOrder(), limit, AuditEntry::id));
  }

  /** The newest of the entries it was offered, at most {@code size}. */
  private static final class Newest {
    private final int size;
    private final PriorityQueue<AuditEntry> oldestFirst =
        new PriorityQueue<>(Comparator.comparing(Position::of, NEWEST_FIRST).reversed());

    Newest(int size) {
      this.size = size;
    }

    void offer(AuditEntry entry) {
      oldestFirst.add(entry);
      if (oldestFirst.size() > size) {
        oldestFirst.remove();
      }
    }

    List<AuditEntry> inOrder() {
      return oldestFirst.stream().sorted(Comparator.comparing(Position::of, NEWEST_FIRST)).toList();
    }
  }

  /** Fails with 404 for a tenant of which there are no entries: it never was. */
  Mono<Void> requireAny(String tenantId) {
    return store
        .read(redis -> redis.hasKey(new TenantKeys(tenantId).audit()))
        .flatMap(there -> there ? Mono.<Void>empty() : Mono.error(AdminProblem.notFound("tenant")));
  }

  /** Every entry of the platform and the present tenants, one log after another. */
  Flux<AuditEntry> export() {
    return allLogs().concatMap(this::export, 1);
  }

  private Flux<String> allLogs() {
    return index.all().startWith(PLATFORM);
  }

  private static String log(String tenantId) {
    return tenantId.equals(PLATFORM) ? PLATFORM_LOG : new TenantKeys(tenantId).audit();
  }

  /** Every entry of a tenant, the oldest first; read by and by, as the reader takes them. */
  Flux<AuditEntry> export(String tenantId) {
    return oldest(tenantId, Range.unbounded())
        .expand(entries ->
            entries.size() < EXPORT_READ
                ? Mono.empty()
                : oldest(
                    tenantId,
                    Range.rightUnbounded(
                        Range.Bound.exclusive(Position.of(entries.getLast()).streamId()))))
        .concatMapIterable(entries -> entries, 1);
  }

  private Mono<List<AuditEntry>> oldest(String tenantId, Range<String> range) {
    return store.read(redis ->
        redis
            .<String, String>opsForStream()
            .range(log(tenantId), range, Limit.limit().count(EXPORT_READ))
            .map(entry -> entry(tenantId, entry))
            .collectList());
  }

  private Flux<AuditEntry> newest(String tenantId, @Nullable Position after, int limit) {
    Range<String> range =
        after == null
            ? Range.unbounded()
            : Range.of(Range.Bound.unbounded(), Range.Bound.inclusive(after.streamId()));
    return store
        .read(redis ->
            redis
                .<String, String>opsForStream()
                .reverseRange(log(tenantId), range, Limit.limit().count(limit + 1))
                .map(entry -> entry(tenantId, entry))
                .collectList())
        .flatMapIterable(entries ->
            after == null
                ? entries
                : entries.stream()
                    .filter(entry -> NEWEST_FIRST.compare(after, Position.of(entry)) < 0)
                    .toList());
  }

  private static AuditEntry entry(String tenantId, MapRecord<String, String, String> written) {
    String streamId = written.getId().getValue();
    Map<String, String> fields = written.getValue();
    return new AuditEntry(
        streamId + "-" + tenantId,
        Instant.ofEpochMilli(Long.parseLong(streamId.substring(0, streamId.indexOf('-')))),
        fields.getOrDefault("actor", ""),
        fields.getOrDefault("action", ""),
        emptyToNull(tenantId),
        fields.getOrDefault("object", ""),
        emptyToNull(fields.get("before")),
        emptyToNull(fields.get("after")));
  }

  private static @Nullable String emptyToNull(@Nullable String text) {
    return text == null || text.isEmpty() ? null : text;
  }
}
