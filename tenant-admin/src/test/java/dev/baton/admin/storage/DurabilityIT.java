package dev.baton.admin.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.admin.AdminNode;
import dev.baton.admin.audit.Actor;
import dev.baton.admin.tenant.Tenants;
import dev.baton.testing.RedisServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.data.redis.core.ReactiveStringRedisTemplate;

class DurabilityIT {
  @RegisterExtension static final RedisServer REDIS = RedisServer.durable();

  @RegisterExtension
  static final RedisServer FORGETFUL = RedisServer.with("--appendfsync", "everysec");

  @Test
  void whatWasAcknowledgedSurvivesAKillWithItsAuditEntry() {
    try (AdminNode node = AdminNode.start(REDIS)) {
      List<String> acknowledged = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        acknowledged.add(
            Objects.requireNonNull(
                    node.bean(Tenants.class).create(Actor.ADMIN, "Crash " + i).block())
                .id());
        REDIS.kill();
        node.admin()
            .post()
            .uri("/admin/v1/tenants")
            .bodyValue(Map.of("name", "Nobody hears"))
            .exchange()
            .expectStatus()
            .isEqualTo(503)
            .expectHeader()
            .exists("retry-after")
            .expectBody()
            .jsonPath("$.type")
            .isEqualTo("urn:baton:problem:store-unavailable");
        REDIS.start();
        await()
            .atMost(Duration.ofSeconds(10))
            .ignoreExceptions()
            .untilAsserted(() ->
                assertThat(
                        Objects.requireNonNull(node.bean(Tenants.class).list("", 100).block())
                            .items())
                    .extracting(tenant -> tenant.id())
                    .containsExactlyElementsOf(acknowledged));
      }
      node.admin()
          .get()
          .uri("/admin/v1/audit")
          .exchange()
          .expectStatus()
          .isOk()
          .expectBody()
          .jsonPath("$.items[*].objectId")
          .isEqualTo(List.copyOf(acknowledged.reversed()));
      // The name of the tenant that was never acknowledged is not lost either.
      assertThat(node.bean(Tenants.class).create(Actor.ADMIN, "Nobody hears").block()).isNotNull();
    }
  }

  @Test
  void aFrozenRedisIsA503WithinTheTimeLimits() {
    try (AdminNode node = AdminNode.start(REDIS)) {
      node.admin().get().uri("/admin/v1/tenants").exchange().expectStatus().isOk();
      REDIS.freeze();
      try {
        long from = System.nanoTime();
        node.admin().get().uri("/admin/v1/tenants").exchange().expectStatus().isEqualTo(503);
        assertThat(Duration.ofNanos(System.nanoTime() - from)).isLessThan(Duration.ofSeconds(2));
      } finally {
        REDIS.thaw();
      }
    }
  }

  @Test
  void aRedisThatMayForgetIsRefusedWithTheRemedy() {
    try (AdminNode node = AdminNode.start(FORGETFUL)) {
      node.admin()
          .post()
          .uri("/admin/v1/tenants")
          .bodyValue(Map.of("name", "Forgotten"))
          .exchange()
          .expectStatus()
          .isEqualTo(503)
          .expectBody()
          .jsonPath("$.detail")
          .value(detail -> assertThat((String) detail).contains("appendfsync always"));
    }
    try (AdminNode node = AdminNode.start(FORGETFUL, "baton.storage.require-durable=false")) {
      assertThat(node.bean(Tenants.class).create(Actor.ADMIN, "Accepted").block()).isNotNull();
    }
  }

  @Test
  void anIndexEntryWithoutItsTenantIsRepaired() {
    try (AdminNode node = AdminNode.start(REDIS)) {
      String abandoned = "ten_0000000000000000"; // claimed in 1970, its writer died
      TenantIndex index = node.bean(TenantIndex.class);
      ReactiveStringRedisTemplate redis = node.bean(ReactiveStringRedisTemplate.class);
      redis.opsForZSet().add("baton:{index}:tenants", abandoned, 0).block();
      redis
          .<String, String>opsForHash()
          .put("baton:{index}:names", "half", abandoned + " 0")
          .block();
      assertThat(index.after("", 1).block()).containsExactly(abandoned);

      assertThat(node.bean(Tenants.class).create(Actor.ADMIN, "Half").block()).isNotNull();
      assertThat(Objects.requireNonNull(node.bean(Tenants.class).list("", 1).block()).items())
          .hasSize(1);
      assertThat(index.after("", 1).block()).doesNotContain(abandoned);
    }
  }
}
