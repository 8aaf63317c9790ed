package dev.baton.admin.limits;

import dev.baton.admin.storage.Scripts;
import dev.baton.admin.storage.Store;
import dev.baton.admin.storage.TenantKeys;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.data.redis.core.script.RedisScript;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Mono;

/**
 * Reserves at the door what a request may use, for its tenant and its key in one step.
 *
 * <p>Implementation note: {@code quota.lua} says what is stored, by which clock, and what a crash
 * forgets. The window holds 61 whole seconds, so that no 60 s see more than the limit, wherever
 * they begin. A reservation is a lease: a node renews those of its running requests, and those of a
 * node that died end by themselves. It is settled with the ledger's entry, in the script of {@code
 * dev.baton.admin.usage}.
 */
@Component
public final class Reservations {
  private static final String QUOTA = Scripts.text(Reservations.class, "quota.lua");
  private static final RedisScript<List<String>> RESERVE = script("reserve.lua");
  private static final RedisScript<List<String>> RENEW = script("renew.lua");
  private static final RedisScript<List<String>> RELEASE = script("release.lua");
  private static final RedisScript<List<String>> STATE = script("state.lua");

  private final Store store;
  private final LimitSettings settings;

  Reservations(Store store, LimitSettings settings) {
    this.store = store;
    this.settings = settings;
  }

  /**
   * A request under way, as its lease is renewed.
   *
   * @param settledKey where its id will stand once it is settled
   */
  public record Lease(String requestId, String keyId, long tokens, String settledKey) {}

  /**
   * A script that begins with what all over these keys share; its keys begin with {@link #keys}.
   */
  public static RedisScript<List<String>> scriptWith(String lua) {
    return Scripts.of(QUOTA + lua);
  }

  /** The keys that such a script has first. */
  public static List<String> keys(TenantKeys tenant) {
    return List.of(tenant.rates(), tenant.leases(), tenant.reserved(), tenant.budget());
  }

  /**
   * Counts a request and its tokens, or says which limit it would exceed. Reserving again under the
   * same id counts nothing. To be subscribed to on a thread that may block.
   *
   * @param tokens prompt tokens, and completion tokens at most
   */
  public Mono<Verdict> reserve(
      String tenantId, String keyId, String requestId, long tokens, AppliedLimits limits) {
    List<String> args = new ArrayList<>();
    args.add(requestId);
    args.add(keyId);
    args.add(Long.toString(tokens));
    args.add(lease());
    for (Scope scope : Scope.values()) {
      for (LimitKind kind : LimitKind.values()) {
        @Nullable Long limit = kind.of(limits.of(scope));
        args.add(limit == null ? "" : limit.toString());
      }
    }
    return store.account(RESERVE, keys(new TenantKeys(tenantId)), args).map(Reservations::verdict);
  }

  /** Says that these requests are still under way. */
  public Mono<Void> renew(String tenantId, List<Lease> underWay) {
    List<String> keys = new ArrayList<>(keys(new TenantKeys(tenantId)));
    List<String> args = new ArrayList<>();
    args.add(lease());
    for (Lease lease : underWay) {
      keys.add(lease.settledKey());
      args.add(lease.requestId());
      args.add(lease.keyId());
      args.add(Long.toString(lease.tokens()));
    }
    return store.account(RENEW, keys, args).then();
  }

  /** Gives everything back that was reserved for a request that never began. */
  public Mono<Void> release(String tenantId, String requestId) {
    return store.account(RELEASE, keys(new TenantKeys(tenantId)), List.of(requestId)).then();
  }

  /** What a tenant, or one of its keys, uses now. */
  Mono<State> state(String tenantId, @Nullable String keyId) {
    String whose = keyId == null ? TenantLimits.TENANT : keyId;
    return store
        .account(STATE, keys(new TenantKeys(tenantId)), List.of(whose, lease()))
        .map(answer -> new State(instant(answer.getFirst()), Used.parse(answer.getLast())));
  }

  /** Usage at a time. */
  record State(Instant at, Used used) {}

  /** How long a request counts as under way after it was last renewed. */
  public Duration leaseTime() {
    return settings.leaseTime();
  }

  private String lease() {
    return Long.toString(settings.leaseTime().toMillis());
  }

  private static Verdict verdict(List<String> answer) {
    Instant at = instant(answer.get(1));
    Used tenant = Used.parse(answer.get(2));
    Used key = Used.parse(answer.get(3));
    if (answer.getFirst().equals("OK")) {
      return new Verdict.Admitted(at, tenant, key);
    }
    List<String> why = answer.subList(4, answer.size());
    long wait = Long.parseLong(why.get(2));
    return new Verdict.Refused(
        at,
        tenant,
        key,
        why.getFirst().equals(TenantLimits.TENANT) ? Scope.TENANT : Scope.KEY,
        LimitKind.numbered(why.get(1)),
        wait > 0 ? Duration.ofMillis(wait) : null,
        wait < 0);
  }

  private static Instant instant(String millis) {
    return Instant.ofEpochMilli(Long.parseLong(millis));
  }

  private static RedisScript<List<String>> script(String name) {
    return scriptWith(Scripts.text(Reservations.class, name));
  }
}
