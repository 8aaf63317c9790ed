package dev.baton.admin.tenant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.admin.AdminNode;
import dev.baton.admin.apikey.ApiKeys;
import dev.baton.admin.apikey.IssuedKey;
import dev.baton.admin.apikey.TenantDirectory;
import dev.baton.admin.audit.Actor;
import dev.baton.admin.storage.TenantKeys;
import dev.baton.admin.systemprompt.Activations;
import dev.baton.admin.systemprompt.SystemPrompts;
import dev.baton.engine.Residency;
import dev.baton.engine.SystemKvKey;
import dev.baton.testing.RedisServer;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.data.redis.core.ReactiveStringRedisTemplate;
import org.springframework.test.web.reactive.server.WebTestClient;

/** Deleted, restored, purged. */
class TenantLifecycleIT {
  @RegisterExtension static final RedisServer REDIS = RedisServer.durable();

  private static AdminNode patient;
  private static AdminNode hasty;

  @BeforeAll
  static void start() {
    patient = AdminNode.start(REDIS);
    // Its job is run by the tests only.
    hasty = AdminNode.start(REDIS, "baton.admin.purge-after=0s", "baton.admin.purge-interval=1h");
  }

  @AfterAll
  static void stop() {
    patient.close();
    hasty.close();
  }

  @Test
  void aDeletedTenantCanBeRestoredAsItWas() {
    Tenant tenant = create(patient, "Comes back");
    IssuedKey key = issue(patient, tenant);
    post(patient, tenant, "/suspend").expectStatus().isOk();
    delete(patient, tenant, null).expectStatus().isEqualTo(428);
    delete(patient, tenant, "\"stale\"").expectStatus().isEqualTo(412);
    delete(patient, tenant, "*")
        .expectStatus()
        .isAccepted()
        .expectBody()
        .jsonPath("$.status")
        .isEqualTo("DELETED")
        .jsonPath("$.purgeAt")
        .isNotEmpty();
    assertThat(authenticates(patient, key)).isFalse();
    // Its name stays taken, and nothing of it can be changed.
    patient
        .admin()
        .post()
        .uri("/admin/v1/tenants")
        .bodyValue(Map.of("name", "Comes back"))
        .exchange()
        .expectStatus()
        .isEqualTo(409);
    for (String change : new String[] {"/keys", "/prompts"}) {
      patient
          .admin()
          .post()
          .uri("/admin/v1/tenants/" + tenant.id() + change)
          .bodyValue(change.equals("/keys") ? Map.of("name", "late") : Map.of("text", "Too late."))
          .exchange()
          .expectStatus()
          .isEqualTo(409)
          .expectBody()
          .jsonPath("$.type")
          .isEqualTo("urn:baton:problem:tenant-deleted");
    }
    assertThat(hasty.bean(TenantPurge.class).run().block()).isZero();
    post(patient, tenant, "/restore")
        .expectStatus()
        .isOk()
        .expectBody()
        .jsonPath("$.status")
        .isEqualTo("SUSPENDED")
        .jsonPath("$.deletedAt")
        .isEmpty();
    post(patient, tenant, "/resume").expectStatus().isOk();
    await().atMost(Duration.ofSeconds(1)).until(() -> authenticates(patient, key));
  }

  @Test
  void aPurgeRemovesAllButTheAuditLog() {
    Tenant tenant = create(hasty, "Goes for good");
    issue(hasty, tenant);
    hasty.bean(SystemPrompts.class).register(Actor.ADMIN, tenant.id(), "Gone.", null, null).block();
    hasty.bean(Activations.class).start(Actor.ADMIN, tenant.id(), "v1").block();
    SystemKvKey kv = new SystemKvKey(tenant.id(), "v1");
    await().until(() -> residency(kv) == Residency.DEVICE);
    ReactiveStringRedisTemplate redis = hasty.bean(ReactiveStringRedisTemplate.class);
    redis
        .<String, String>opsForHash()
        .put(new TenantKeys(tenant.id()).usage("hour", 1), "requests", "1")
        .block();
    delete(hasty, tenant, "*").expectStatus().isAccepted();

    // In use: its memory can not be freed yet, so that it is not gone yet, and no restore leads
    // back.
    hasty.engine().use(kv, 1);
    hasty.bean(TenantPurge.class).run().block();
    at(tenant).expectStatus().isOk().expectBody().jsonPath("$.status").isEqualTo("PURGING");
    post(hasty, tenant, "/restore").expectStatus().isEqualTo(409);
    hasty.engine().use(kv, 0);
    assertThat(hasty.bean(TenantPurge.class).run().block()).isEqualTo(1);

    at(tenant).expectStatus().isNotFound();
    assertThat(residency(kv)).isEqualTo(Residency.ABSENT);
    assertThat(redis.keys("baton:{" + tenant.id() + "}:*").collectList().block())
        .containsExactly("baton:{" + tenant.id() + "}:audit");
    hasty
        .admin()
        .get()
        .uri("/admin/v1/audit?tenant=" + tenant.id() + "&limit=1")
        .exchange()
        .expectStatus()
        .isOk()
        .expectBody()
        .jsonPath("$.items[0].action")
        .isEqualTo("tenant.purged");
    create(hasty, "Goes for good");
  }

  private static Residency residency(SystemKvKey key) {
    return hasty.engine().systemKvs().stream()
        .filter(status -> status.key().equals(key))
        .findFirst()
        .orElseThrow()
        .residency();
  }

  private static boolean authenticates(AdminNode node, IssuedKey key) {
    return node.bean(TenantDirectory.class).authenticate(key.secret()).blockOptional().isPresent();
  }

  private static Tenant create(AdminNode node, String name) {
    return Objects.requireNonNull(node.bean(Tenants.class).create(Actor.ADMIN, name).block());
  }

  private static IssuedKey issue(AdminNode node, Tenant tenant) {
    return Objects.requireNonNull(
        node.bean(ApiKeys.class).issue(Actor.ADMIN, tenant.id(), "key", null).block());
  }

  private static WebTestClient.ResponseSpec at(Tenant tenant) {
    return hasty.admin().get().uri("/admin/v1/tenants/{id}", tenant.id()).exchange();
  }

  private static WebTestClient.ResponseSpec post(AdminNode node, Tenant tenant, String path) {
    return node.admin().post().uri("/admin/v1/tenants/" + tenant.id() + path).exchange();
  }

  private static WebTestClient.ResponseSpec delete(
      AdminNode node, Tenant tenant, @Nullable String ifMatch) {
    WebTestClient.RequestHeadersSpec<?> request =
        node.admin().delete().uri("/admin/v1/tenants/{id}", tenant.id());
    if (ifMatch != null) {
      request.header("If-Match", ifMatch);
    }
    return request.exchange();
  }
}
