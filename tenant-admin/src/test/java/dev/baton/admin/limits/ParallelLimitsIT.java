package dev.baton.admin.limits;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.admin.AdminNode;
import dev.baton.admin.storage.TenantKeys;
import dev.baton.admin.usage.FinishCause;
import dev.baton.admin.usage.Ledger;
import dev.baton.admin.usage.Settlement;
import dev.baton.testing.RedisServer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.data.redis.core.ReactiveStringRedisTemplate;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** 200 keys of 10 tenants through two nodes at once: no limit is exceeded, by nothing. */
class ParallelLimitsIT {
  @RegisterExtension static final RedisServer REDIS = RedisServer.durable();

  private static final int TENANTS = 10;
  private static final int KEYS = 20;
  private static final int ATTEMPTS = 3000;
  private static final int AT_ONCE = 64;

  private static final Limits OF_TENANT =
      new Limits(120L, 6000L, 9L, 5000L, 100_000L, null, null, null);
  private static final Limits OF_KEY = new Limits(15L, 700L, 2L, null, 900L, null, null, null);

  /** What a caller really did, counted beside Redis. */
  private static final class Caller {
    final AtomicInteger running = new AtomicInteger();
    final AtomicInteger mostRunning = new AtomicInteger();
    final AtomicLong requests = new AtomicLong();
    final AtomicLong tokens = new AtomicLong();

    void begin() {
      mostRunning.accumulateAndGet(running.incrementAndGet(), Math::max);
      requests.incrementAndGet();
    }
  }

  private record Attempt(int number, int tenant, int key, int prompt, int most, int used) {}

  @Test
  void noLimitIsExceeded() {
    List<Caller> tenants = callers(TENANTS);
    List<Caller> keys = callers(TENANTS * KEYS);
    AtomicInteger refused = new AtomicInteger();
    try (AdminNode one = AdminNode.start(REDIS);
        AdminNode other = AdminNode.start(REDIS)) {
      Random random = new Random(7);
      List<Attempt> attempts =
          IntStream.range(0, ATTEMPTS).mapToObj(i -> attempt(i, random)).toList();
      Flux.fromIterable(attempts)
          .flatMap(
              attempt ->
                  run(
                      attempt.number() % 2 == 0 ? one : other,
                      attempt,
                      tenants.get(attempt.tenant()),
                      keys.get(attempt.tenant() * KEYS + attempt.key()),
                      refused),
              AT_ONCE)
          .blockLast(Duration.ofSeconds(50)); // within one minute: what is counted is the window

      assertThat(refused).hasPositiveValue();
      for (Caller tenant : tenants) {
        assertThat(tenant.requests.get()).isBetween(1L, 120L);
        assertThat(tenant.tokens.get()).isBetween(1L, 5000L);
        assertThat(tenant.mostRunning.get()).isBetween(1, 9);
      }
      for (Caller key : keys) {
        assertThat(key.requests.get()).isLessThanOrEqualTo(15);
        assertThat(key.tokens.get()).isLessThanOrEqualTo(700);
        assertThat(key.mostRunning.get()).isLessThanOrEqualTo(2);
      }
      for (int tenant = 0; tenant < TENANTS; tenant++) {
        Used used = used(one, tenant);
        assertThat(used.streams()).isZero();
        assertThat(used.requests()).isEqualTo(tenants.get(tenant).requests.get());
        assertThat(used.tokens()).isEqualTo(tenants.get(tenant).tokens.get());
        assertThat(used.tokensOfDay()).isEqualTo(tenants.get(tenant).tokens.get());
        assertThat(entries(one, tenant)).isEqualTo(tenants.get(tenant).requests.get());
      }
    }
  }

  private static Attempt attempt(int number, Random random) {
    int prompt = 1 + random.nextInt(20);
    int most = 1 + random.nextInt(60);
    return new Attempt(
        number,
        random.nextInt(TENANTS),
        random.nextInt(KEYS),
        prompt,
        most,
        prompt + random.nextInt(most + 1));
  }

  private static Mono<Void> run(
      AdminNode node, Attempt attempt, Caller tenant, Caller key, AtomicInteger refused) {
    String id = "req_" + attempt.number();
    return node.bean(Reservations.class)
        .reserve(
            tenantId(attempt.tenant()),
            keyId(attempt.key()),
            id,
            attempt.prompt() + attempt.most(),
            new AppliedLimits(OF_TENANT, OF_KEY))
        .flatMap(verdict -> {
          if (verdict instanceof Verdict.Refused) {
            refused.incrementAndGet();
            return Mono.empty();
          }
          tenant.begin();
          key.begin();
          return Mono.delay(Duration.ofMillis(attempt.number() % 5))
              .then(
                  Mono.defer(() -> {
                    for (Caller caller : List.of(tenant, key)) {
                      caller.tokens.addAndGet(attempt.used());
                      caller.running.decrementAndGet();
                    }
                    return node.bean(Ledger.class).settle(settlement(id, attempt));
                  }));
        });
  }

  private static Settlement settlement(String id, Attempt attempt) {
    Instant now = Instant.now();
    return new Settlement(
        id,
        tenantId(attempt.tenant()),
        keyId(attempt.key()),
        null,
        now,
        now,
        FinishCause.STOP,
        attempt.prompt(),
        0,
        attempt.used() - attempt.prompt(),
        Duration.ZERO,
        Duration.ZERO,
        Duration.ZERO);
  }

  private static Used used(AdminNode node, int tenant) {
    return Objects.requireNonNull(
            node.bean(Reservations.class).state(tenantId(tenant), null).block())
        .used();
  }

  private static long entries(AdminNode node, int tenant) {
    return Objects.requireNonNull(
        node.bean(ReactiveStringRedisTemplate.class)
            .opsForStream()
            .size(new TenantKeys(tenantId(tenant)).ledger())
            .block());
  }

  private static String tenantId(int number) {
    return "ten_%016d".formatted(number);
  }

  private static String keyId(int number) {
    return "key%05d".formatted(number);
  }

  private static List<Caller> callers(int count) {
    List<Caller> callers = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      callers.add(new Caller());
    }
    return callers;
  }
}
