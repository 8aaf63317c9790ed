package dev.baton.admin.apikey;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.baton.admin.AdminNode;
import dev.baton.admin.audit.Actor;
import dev.baton.admin.http.IfMatch;
import dev.baton.admin.storage.Ids;
import dev.baton.admin.storage.StoreUnavailableException;
import dev.baton.admin.systemprompt.Activation;
import dev.baton.admin.systemprompt.Activations;
import dev.baton.admin.systemprompt.SystemPrompts;
import dev.baton.admin.tenant.TenantStatus;
import dev.baton.admin.tenant.Tenants;
import dev.baton.engine.SystemKvKey;
import dev.baton.engine.SystemPrompt;
import dev.baton.testing.RedisServer;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.extension.RegisterExtension;

class TenantDirectoryIT {
  private static final Duration PROPAGATION = Duration.ofSeconds(1);

  @RegisterExtension static final RedisServer REDIS = RedisServer.durable();

  private static AdminNode here;
  private static AdminNode there;

  @BeforeAll
  static void start() {
    // A long belief, so that only the change feed can explain what the other node learns.
    here = AdminNode.start(REDIS, "baton.admin.key-cache-time=1m");
    there = AdminNode.start(REDIS, "baton.admin.key-cache-time=1m");
  }

  @AfterAll
  static void stop() {
    here.close();
    there.close();
  }

  @Test
  void aKeySpeaksForItsTenantAndItsActivePrompt(TestInfo test) {
    String tenant = tenant(test);
    IssuedKey key = issue(tenant, null);
    assertThat(ask(here, key))
        .isEqualTo(new TenantAccess(tenant, key.id(), TenantStatus.ACTIVE, KeyScope.USUAL, null));
    here.bean(SystemPrompts.class).register(Actor.ADMIN, tenant, "Be kind.", null, null).block();
    here.bean(Activations.class).start(Actor.ADMIN, tenant, "v1").block();
    SystemPrompt active =
        new SystemPrompt(new SystemKvKey(tenant, "v1"), new SystemPrompt.Text("Be kind."));
    for (AdminNode node : List.of(here, there)) {
      await()
          .atMost(Duration.ofSeconds(5))
          .until(() -> active.equals(Objects.requireNonNull(ask(node, key)).systemPrompt()));
    }
  }

  @Test
  void theFirstActivationGovernsRequestsFromItsStartAndLaterOnesWhenResident(TestInfo test) {
    String tenant = tenant(test);
    IssuedKey key = issue(tenant, null);
    SystemPrompts prompts = here.bean(SystemPrompts.class);
    prompts.register(Actor.ADMIN, tenant, "Be kind.", null, null).block();
    prompts.register(Actor.ADMIN, tenant, "Be brief.", null, null).block();
    here.engine().manualFills(true);
    try {
      assertThat(promptVersions(key)).containsOnly("none");
      Activation given = activate(tenant, "v1");
      awaitPrompt(key, "v1");
      here.admin()
          .post()
          .uri("/admin/v1/activations/" + given.id() + "/cancel")
          .exchange()
          .expectStatus()
          .isOk();
      awaitPrompt(key, "none");

      activate(tenant, "v1");
      awaitPrompt(key, "v1");
      finishFill(tenant, "v1");
      await().until(() -> "v1".equals(active(tenant)));
      activate(tenant, "v2");
      await()
          .during(Duration.ofMillis(300))
          .until(() -> promptVersions(key).equals(List.of("v1", "v1")));
      finishFill(tenant, "v2");
      awaitPrompt(key, "v2");
    } finally {
      here.engine().manualFills(false);
    }
  }

  @Test
  void aRevokedKeyIsRefusedOnEveryNodeWithinASecond(TestInfo test) {
    String tenant = tenant(test);
    IssuedKey key = issue(tenant, null);
    assertThat(ask(here, key)).isNotNull();
    assertThat(ask(there, key)).isNotNull();
    here.bean(ApiKeys.class).revoke(Actor.ADMIN, tenant, key.id(), IfMatch.WHATEVER).block();
    for (AdminNode node : List.of(here, there)) {
      await()
          .atMost(PROPAGATION)
          .pollInterval(Duration.ofMillis(5))
          .until(() -> ask(node, key) == null);
    }
  }

  @Test
  void aSuspensionReachesEveryNodeWithinASecond(TestInfo test) {
    String tenant = tenant(test);
    IssuedKey key = issue(tenant, null);
    assertThat(Objects.requireNonNull(ask(there, key)).status()).isEqualTo(TenantStatus.ACTIVE);
    here.bean(Tenants.class).suspend(Actor.ADMIN, tenant, IfMatch.WHATEVER).block();
    await()
        .atMost(PROPAGATION)
        .pollInterval(Duration.ofMillis(5))
        .until(() -> Objects.requireNonNull(ask(there, key)).status() == TenantStatus.SUSPENDED);
  }

  @Test
  void unknownExpiredAndForgedKeysAreNothing(TestInfo test) {
    String tenant = tenant(test);
    IssuedKey brief = issue(tenant, Instant.now().plusMillis(700));
    assertThat(ask(here, brief)).isNotNull();
    await().atMost(Duration.ofSeconds(3)).until(() -> ask(here, brief) == null);

    IssuedKey key = issue(tenant, null);
    KeyText forged = KeyText.random(tenant, here.bean(Ids.class));
    assertThat(here.bean(TenantDirectory.class).authenticate(forged.text()).block()).isNull();
    for (String nonsense :
        List.of("", "Bearer", key.secret() + "0", key.secret().toUpperCase(Locale.ROOT))) {
      assertThat(here.bean(TenantDirectory.class).authenticate(nonsense).block()).isNull();
    }
  }

  @Test
  void keysAreShownOnceAndListedWithoutTheirSecrets(TestInfo test) {
    String tenant = tenant(test);
    IssuedKey key = issue(tenant, null);
    ask(here, key);
    await()
        .untilAsserted(() ->
            assertThat(here.bean(ApiKeys.class).list(tenant).block())
                .singleElement()
                .satisfies(listed -> {
                  assertThat(listed.prefix()).isEqualTo(key.prefix());
                  assertThat(listed.lastUsedAt()).isNotNull();
                  assertThat(listed.toString()).doesNotContain(key.secret());
                }));
    String path = "/admin/v1/tenants/" + tenant + "/keys";
    here.admin()
        .post()
        .uri(path)
        .bodyValue(Map.of("name", "late", "expiresAt", "2001-01-01T00:00:00Z"))
        .exchange()
        .expectStatus()
        .isBadRequest()
        .expectBody()
        .jsonPath("$.errors[0].field")
        .isEqualTo("expiresAt");
    String other = tenant(test, "other");
    here.admin()
        .delete()
        .uri("/admin/v1/tenants/" + other + "/keys/" + key.id())
        .header("If-Match", "*")
        .exchange()
        .expectStatus()
        .isNotFound();
    for (int time = 0; time < 2; time++) {
      here.admin()
          .delete()
          .uri(path + "/" + key.id())
          .header("If-Match", "*")
          .exchange()
          .expectStatus()
          .isNoContent();
    }
  }

  @Test
  void whileRedisIsAwayKnownKeysWorkForTheGraceAndUnknownOnesFail(TestInfo test) {
    try (AdminNode node =
        AdminNode.start(REDIS, "baton.admin.key-cache-time=50ms", "baton.admin.key-grace=4s")) {
      IssuedKey key = issue(tenant(test), null);
      IssuedKey unseen = issue(tenant(test, "unseen"), null);
      // The message of the key's own issue may arrive late and have it forgotten: asked till quiet.
      await().during(Duration.ofMillis(500)).until(() -> ask(node, key) != null);
      REDIS.kill();
      try {
        assertThat(ask(node, key)).isNotNull();
        assertThatThrownBy(() -> ask(node, unseen)).isInstanceOf(StoreUnavailableException.class);
        await()
            .atMost(Duration.ofSeconds(8))
            .untilAsserted(() ->
                assertThatThrownBy(() -> ask(node, key))
                    .isInstanceOf(StoreUnavailableException.class));
      } finally {
        REDIS.start();
      }
      await()
          .atMost(Duration.ofSeconds(10))
          .ignoreExceptions()
          .until(() -> ask(node, key) != null && ask(node, unseen) != null);
    }
  }

  private static Activation activate(String tenant, String version) {
    return Objects.requireNonNull(
        here.bean(Activations.class).start(Actor.ADMIN, tenant, version).block());
  }

  private static void finishFill(String tenant, String version) {
    SystemKvKey key = new SystemKvKey(tenant, version);
    await().until(() -> here.engine().isFilling(key));
    here.engine().finishFill(key);
  }

  private static @Nullable String active(String tenant) {
    return Objects.requireNonNull(here.bean(Tenants.class).get(tenant).block()).activeVersionId();
  }

  private static void awaitPrompt(IssuedKey key, String version) {
    await()
        .atMost(Duration.ofSeconds(5))
        .until(() -> promptVersions(key).equals(List.of(version, version)));
  }

  /** The version that requests of a key get on each node. */
  private static List<String> promptVersions(IssuedKey key) {
    return Stream.of(here, there)
        .map(node -> Objects.requireNonNull(ask(node, key)).systemPrompt())
        .map(prompt -> prompt == null ? "none" : prompt.key().versionId())
        .toList();
  }

  private static @Nullable TenantAccess ask(AdminNode node, IssuedKey key) {
    return node.bean(TenantDirectory.class).authenticate(key.secret()).block();
  }

  private static String tenant(TestInfo test) {
    return tenant(test, "");
  }

  private static String tenant(TestInfo test, String suffix) {
    return Objects.requireNonNull(
            here.bean(Tenants.class)
                .create(Actor.ADMIN, test.getTestMethod().orElseThrow().getName() + suffix)
                .block())
        .id();
  }

  private static IssuedKey issue(String tenant, @Nullable Instant expiresAt) {
    return Objects.requireNonNull(
        here.bean(ApiKeys.class).issue(Actor.ADMIN, tenant, "test", expiresAt).block());
  }
}
