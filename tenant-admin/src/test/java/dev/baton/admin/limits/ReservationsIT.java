package dev.baton.admin.limits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.admin.AdminNode;
import dev.baton.admin.audit.Actor;
import dev.baton.admin.storage.Scripts;
import dev.baton.admin.storage.TenantKeys;
import dev.baton.admin.tenant.Tenants;
import dev.baton.admin.usage.FinishCause;
import dev.baton.admin.usage.Ledger;
import dev.baton.admin.usage.Settlement;
import dev.baton.testing.RedisServer;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.data.redis.core.ReactiveHashOperations;
import org.springframework.data.redis.core.ReactiveStringRedisTemplate;
import org.springframework.data.redis.core.script.RedisScript;

class ReservationsIT {
  @RegisterExtension static final RedisServer REDIS = RedisServer.durable();

  private static final AtomicInteger REQUESTS = new AtomicInteger();
  private static final Limits NONE = Limits.NONE;
  private static final Instant BEGAN = Instant.now();

  private static AdminNode node;
  private static AdminNode hasty;
  private static int tenants;

  private final String tenant = newTenant();
  private final TenantKeys keys = new TenantKeys(tenant);

  @BeforeAll
  static void start() {
    node = AdminNode.start(REDIS);
    hasty = AdminNode.start(REDIS, "baton.limits.lease-time=1s");
  }

  @AfterAll
  static void stop() {
    node.close();
    hasty.close();
  }

  @Test
  void requestsOfAMinuteAreCountedAndLeaveWithIt() {
    AppliedLimits two = tenantLimits(requests(2));
    admit(two, 1);
    assertThat(admit(two, 1).tenant().requests()).isEqualTo(2);
    Verdict.Refused third = refuse(two, 1);
    assertThat(third.kind()).isEqualTo(LimitKind.REQUESTS_PER_MINUTE);
    assertThat(third.scope()).isEqualTo(Scope.TENANT);
    assertThat(third.retryAfter()).isBetween(Duration.ofSeconds(50), Duration.ofSeconds(61));
    assertThat(refuse(two, 1).tenant().requests()).isEqualTo(2);

    age(50);
    refuse(two, 1);
    age(30);
    assertThat(admit(two, 1).tenant().requests()).isEqualTo(1);
  }

  @Test
  void aClockSetBackRefusesForAMinuteAndThenGoesOn() {
    AppliedLimits two = tenantLimits(requests(2));
    admit(two, 1);
    admit(two, 1);
    age(-3600);
    Verdict.Refused refused = refuse(two, 1);
    assertThat(refused.tenant().requests()).isEqualTo(2);
    assertThat(refused.retryAfter()).isLessThanOrEqualTo(Duration.ofSeconds(61));
    age(61);
    admit(two, 1);
  }

  @Test
  void tokensAreReservedAtMostAndSettledAsUsed() {
    AppliedLimits limits = tenantLimits(tokens(100));
    String first = id();
    reserve(first, "k", 80, limits);
    Verdict.Refused refused = refuse(limits, 30);
    assertThat(refused.kind()).isEqualTo(LimitKind.TOKENS_PER_MINUTE);
    assertThat(refused.neverFits()).isFalse();
    assertThat(refuse(limits, 101).neverFits()).isTrue();
    settle(first, "k", 10, 15);
    assertThat(admit(limits, 75).tenant()).isEqualTo(new Used(2, 100, 1, 100, 100));
    refuse(limits, 1);
  }

  @Test
  void whatWasNotUsedLeavesTheSecondThatReservedIt() {
    AppliedLimits limits = tenantLimits(tokens(100));
    String first = id();
    Instant reserved = reserve(first, "k", 80, limits).at();
    await().until(() -> Instant.now().getEpochSecond() >= reserved.getEpochSecond() + 3);
    settle(first, "k", 10, 15);
    assertThat(admit(limits, 75).tenant().tokens()).isEqualTo(100);
    age(58);
    assertThat(admit(limits, 25).tenant().tokens()).isEqualTo(100);
    refuse(limits, 1);
  }

  @Test
  void tenantAndKeyBothCount() {
    AppliedLimits limits = new AppliedLimits(requests(3), requests(2));
    reserve(id(), "a", 1, limits);
    reserve(id(), "a", 1, limits);
    Verdict.Refused byKey = (Verdict.Refused) reserve(id(), "a", 1, limits);
    assertThat(byKey.scope()).isEqualTo(Scope.KEY);
    assertThat(reserve(id(), "b", 1, limits)).isInstanceOf(Verdict.Admitted.class);
    Verdict.Refused byTenant = (Verdict.Refused) reserve(id(), "b", 1, limits);
    assertThat(byTenant.scope()).isEqualTo(Scope.TENANT);
  }

  @Test
  void aBudgetLastsUntilItsPeriodEndsAndALaterOneIsStillInForce() {
    Limits daily = new Limits(null, null, null, 100L, null, null, null, null);
    AppliedLimits limits = tenantLimits(daily);
    String first = id();
    reserve(first, "k", 90, limits);
    assertThat(refuse(limits, 20).kind()).isEqualTo(LimitKind.TOKENS_PER_DAY);
    settle(first, "k", 50, 40);
    assertThat(refuse(limits, 11).tenant().tokensOfDay()).isEqualTo(90);

    long today = LocalDate.now(ZoneOffset.UTC).toEpochDay();
    hash().put(keys.budget(), "tenant d", (today + 1) + " 90").block();
    refuse(limits, 11);
    hash().put(keys.budget(), "tenant d", (today - 1) + " 90").block();
    admit(limits, 11);
  }

  @Test
  void aMonthIsACalendarMonth() {
    AppliedLimits limits = tenantLimits(new Limits(null, null, null, null, 100L, null, null, null));
    String first = id();
    reserve(first, "k", 100, limits);
    settle(first, "k", 60, 40);
    LocalDate today = LocalDate.now(ZoneOffset.UTC);
    String stored = hash().get(keys.budget(), "tenant m").block();
    assertThat(stored).isEqualTo("%d%02d 100".formatted(today.getYear(), today.getMonthValue()));
    assertThat(refuse(limits, 1).kind()).isEqualTo(LimitKind.TOKENS_PER_MONTH);
    LocalDate last = today.minusMonths(1);
    hash()
        .put(
            keys.budget(), "tenant m", "%d%02d 100".formatted(last.getYear(), last.getMonthValue()))
        .block();
    admit(limits, 100);
  }

  @Test
  void theStreamsOfADeadNodeEndByThemselvesAndThoseOfALivingOneDoNot() {
    AppliedLimits one = tenantLimits(new Limits(null, null, 1L, null, null, null, null, null));
    String first = id();
    assertThat(hasty.bean(Reservations.class).reserve(tenant, "k", first, 5, one).block())
        .isInstanceOf(Verdict.Admitted.class);
    refuse(one, 5);
    Instant end = Instant.now().plusMillis(1500);
    await()
        .pollInterval(Duration.ofMillis(200))
        .until(() -> {
          renew(first);
          assertThat(refuse(one, 5).kind()).isEqualTo(LimitKind.CONCURRENT_STREAMS);
          return Instant.now().isAfter(end);
        });
    await()
        .atMost(Duration.ofSeconds(5))
        .until(() ->
            hasty.bean(Reservations.class).reserve(tenant, "k", id(), 5, one).block()
                instanceof Verdict.Admitted);
  }

  @Test
  void aRenewalTellsRedisWhatItForgotButNotWhatIsSettled() {
    AppliedLimits one = tenantLimits(new Limits(null, null, 1L, null, null, null, null, null));
    String first = id();
    reserve(first, "k", 5, one);
    redis().delete(keys.rates(), keys.rates() + ":k", keys.leases(), keys.reserved()).block();
    renew(first);
    assertThat(refuse(one, 5).tenant().streams()).isEqualTo(1);
    settle(first, "k", 1, 1);
    renew(first);
    assertThat(admit(one, 5).tenant()).isEqualTo(new Used(1, 5, 1, 7, 7));
  }

  @Test
  void whatIsReleasedOrAskedTwiceCountsOnce() {
    AppliedLimits limits = tenantLimits(tokens(10));
    String first = id();
    reserve(first, "k", 6, limits);
    assertThat(reserve(first, "k", 6, limits).tenant().tokens()).isEqualTo(6);
    assertThat(reserve(first, "k", 6, tenantLimits(NONE)).tenant())
        .isEqualTo(new Used(1, 6, 1, 6, 6));
    Reservations reservations = node.bean(Reservations.class);
    reservations.release(tenant, first).block();
    reservations.release(tenant, first).block();
    assertThat(admit(limits, 10).tenant()).isEqualTo(new Used(2, 10, 1, 10, 10));
  }

  @Test
  void whatReservesNothingIsSettledToo() {
    String first = id();
    reserve(first, "k", 0, tenantLimits(NONE));
    settle(first, "k", 3, 4);
    assertThat(admit(tenantLimits(NONE), 0).tenant()).isEqualTo(new Used(2, 7, 1, 7, 7));
  }

  @Test
  void aSettlementCountsOnceAndSurvivesAKill() {
    AppliedLimits limits =
        tenantLimits(new Limits(null, null, null, 1000L, null, null, null, null));
    String first = id();
    reserve(first, "k", 100, limits);
    settle(first, "k", 30, 20);
    REDIS.kill();
    REDIS.start();
    await()
        .atMost(Duration.ofSeconds(10))
        .ignoreExceptions()
        .until(() -> redis().hasKey(keys.ledger()).block());
    settle(first, "k", 30, 20);
    assertThat(redis().opsForStream().size(keys.ledger()).block()).isEqualTo(1);
    assertThat(admit(limits, 1).tenant().tokensOfDay()).isEqualTo(51);
    List<String> buckets = redis().keys("baton:{" + tenant + "}:usage:*").collectList().block();
    assertThat(buckets).hasSize(3);
    for (String bucket : Objects.requireNonNull(buckets)) {
      Map<String, String> sums =
          hash().entries(bucket).collectMap(Map.Entry::getKey, Map.Entry::getValue).block();
      assertThat(Objects.requireNonNull(sums).values()).containsExactly("1 30 0 20");
      assertThat(redis().getExpire(bucket).block()).isPositive();
    }
  }

  /** Makes the tenant's window this many seconds older, as if the clock had gone on or back. */
  private void age(int seconds) {
    RedisScript<List<String>> older =
        Scripts.of(
            """
            local window = redis.call('HGETALL', KEYS[1])
            redis.call('DEL', KEYS[1])
            for i = 1, #window, 2 do
              local field, value = window[i], window[i + 1]
              if field == 'all' then
                local at, R, T, C, P = struct.unpack('<ddddd', value)
                value = struct.pack('<ddddd', at - ARGV[1], R, T, C, P)
              else
                field = (field - ARGV[1]) % 61
              end
              redis.call('HSET', KEYS[1], field, value)
            end
            return {}
            """);
    redis().execute(older, List.of(keys.rates()), List.of(Integer.toString(seconds))).blockLast();
  }

  private AppliedLimits tenantLimits(Limits limits) {
    return new AppliedLimits(limits, NONE);
  }

  private static Limits requests(long perMinute) {
    return new Limits(perMinute, null, null, null, null, null, null, null);
  }

  private static Limits tokens(long perMinute) {
    return new Limits(null, perMinute, null, null, null, null, null, null);
  }

  private Verdict.Admitted admit(AppliedLimits limits, long tokens) {
    return (Verdict.Admitted) reserve(id(), "k", tokens, limits);
  }

  private Verdict.Refused refuse(AppliedLimits limits, long tokens) {
    return (Verdict.Refused) reserve(id(), "k", tokens, limits);
  }

  private Verdict reserve(String id, String key, long tokens, AppliedLimits limits) {
    return Objects.requireNonNull(
        node.bean(Reservations.class).reserve(tenant, key, id, tokens, limits).block());
  }

  private void renew(String id) {
    hasty
        .bean(Reservations.class)
        .renew(
            tenant, List.of(new Reservations.Lease(id, "k", 5, Ledger.settledKey(tenant, BEGAN))))
        .block();
  }

  private void settle(String id, String key, int prompt, int completion) {
    node.bean(Ledger.class)
        .settle(
            new Settlement(
                id,
                tenant,
                key,
                null,
                BEGAN,
                Instant.now(),
                FinishCause.STOP,
                prompt,
                0,
                completion,
                Duration.ZERO,
                Duration.ZERO,
                Duration.ZERO))
        .block();
  }

  private static String id() {
    return "req_" + REQUESTS.incrementAndGet();
  }

  private static String newTenant() {
    return Objects.requireNonNull(
            node.bean(Tenants.class).create(Actor.ADMIN, "Limited " + tenants++).block())
        .id();
  }

  private static ReactiveStringRedisTemplate redis() {
    return node.bean(ReactiveStringRedisTemplate.class);
  }

  private static ReactiveHashOperations<String, String, String> hash() {
    return redis().opsForHash();
  }
}
