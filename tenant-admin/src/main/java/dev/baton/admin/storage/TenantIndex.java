package dev.baton.admin.storage;

import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import org.springframework.data.domain.Range;
import org.springframework.data.redis.connection.Limit;
import org.springframework.data.redis.core.script.RedisScript;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Which tenants there are, and whose a name is.
 *
 * <p>Implementation note: the index lies in another slot than the tenants, so that no script spans
 * both. Its entry is written first, the tenant second; an entry without its tenant (the writer died
 * between) counts as nothing once it is {@link #SETTLED} old, and whoever meets it replaces or
 * removes it. So the index may for a moment name too much, never too little.
 *
 * <pre>
 * baton:{index}:tenants  sorted set  tenant ids, by creation
 * baton:{index}:names    hash        name as compared -> "TENANT MILLIS"
 * </pre>
 */
@Component
public final class TenantIndex {
  /** A writer that has not written the tenant by then never will: its commands timed out. */
  static final Duration SETTLED = Duration.ofSeconds(30);

  private static final int IDS_PER_READ = 500;

  private static final String TENANTS = "baton:{index}:tenants";
  private static final String NAMES = "baton:{index}:names";

  // ARGV: name, tenant, claim, the claim that may be replaced
  private static final RedisScript<List<String>> CLAIM =
      Scripts.of(
          """
          local held = redis.call('HGET', KEYS[1], ARGV[1])
          if held and held ~= ARGV[4] and string.match(held, '^%S+') ~= ARGV[2] then
            return {'TAKEN', held}
          end
          redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
          redis.call('ZADD', KEYS[2], 0, ARGV[2])
          return {'OK'}
          """);

  // ARGV: name, tenant
  private static final RedisScript<List<String>> RELEASE =
      Scripts.of(
          """
          local held = redis.call('HGET', KEYS[1], ARGV[1])
          if held and string.match(held, '^%S+') == ARGV[2] then
            redis.call('HDEL', KEYS[1], ARGV[1])
          end
          return {'OK'}
          """);

  private static final RedisScript<List<String>> FORGET =
      Scripts.of("redis.call('ZREM', KEYS[1], ARGV[1]) return {'OK'}");

  private final Store store;
  private final InstantSource clock;

  TenantIndex(Store store, InstantSource clock) {
    this.store = store;
    this.clock = clock;
  }

  /** A name's owner and since when. */
  public record Claim(String tenantId, long millis) {
    static Claim parse(String text) {
      int space = text.indexOf(' ');
      return new Claim(text.substring(0, space), Long.parseLong(text.substring(space + 1)));
    }

    @Override
    public String toString() {
      return tenantId + " " + millis;
    }
  }

  /** Claims a name; empty when the tenant has it now, else the claim that stands against it. */
  public Mono<Claim> claim(String comparedName, String tenantId) {
    return claim(comparedName, tenantId, "");
  }

  /** Claims a name although this claim stands against it. */
  public Mono<Claim> claimInstead(String comparedName, String tenantId, Claim stale) {
    return claim(comparedName, tenantId, stale.toString());
  }

  private Mono<Claim> claim(String comparedName, String tenantId, String replaceable) {
    String mine = new Claim(tenantId, clock.millis()).toString();
    return store
        .write(CLAIM, List.of(NAMES, TENANTS), List.of(comparedName, tenantId, mine, replaceable))
        .filter(answer -> answer.getFirst().equals("TAKEN"))
        .map(answer -> Claim.parse(answer.get(1)));
  }

  /** Whether the writer of this claim has had its time. */
  public boolean isSettled(Claim claim) {
    return claim.millis() + SETTLED.toMillis() < clock.millis();
  }

  /** Gives a name back that the tenant no longer has. */
  public Mono<Void> release(String comparedName, String tenantId) {
    return store.write(RELEASE, List.of(NAMES), List.of(comparedName, tenantId)).then();
  }

  /** The ids behind this one, or the first ones. */
  public Mono<List<String>> after(String tenantId, int limit) {
    Range<String> range =
        tenantId.isEmpty()
            ? Range.unbounded()
            : Range.of(Range.Bound.exclusive(tenantId), Range.Bound.unbounded());
    return store.read(redis ->
        redis.opsForZSet().rangeByLex(TENANTS, range, Limit.limit().count(limit)).collectList());
  }

  /** All ids, read by and by as they are taken. */
  public Flux<String> all() {
    return after("", IDS_PER_READ)
        .expand(
            ids -> ids.size() < IDS_PER_READ ? Mono.empty() : after(ids.getLast(), IDS_PER_READ))
        .flatMapIterable(ids -> ids);
  }

  /** Removes an id that was found to have no tenant, if its writer has had its time. */
  public Mono<Void> forgetIfSettled(String tenantId) {
    if (!isSettled(new Claim(tenantId, Ids.created(tenantId).toEpochMilli()))) {
      return Mono.empty();
    }
    return forget(tenantId);
  }

  /** Removes the id of a tenant that is gone. */
  public Mono<Void> forget(String tenantId) {
    return store.write(FORGET, List.of(TENANTS), List.of(tenantId)).then();
  }
}
