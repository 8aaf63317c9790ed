package dev.baton.admin.systemprompt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.admin.AdminNode;
import dev.baton.admin.audit.Actor;
import dev.baton.admin.tenant.Tenants;
import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.SystemKvKey;
import dev.baton.testing.RedisServer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.test.web.reactive.server.WebTestClient;

class SystemPromptApiIT {
  @RegisterExtension static final RedisServer REDIS = RedisServer.durable();

  private static AdminNode node;
  private String tenant = "";

  @BeforeAll
  static void start() {
    node = AdminNode.start(REDIS, "baton.admin.command-wait=100ms");
  }

  @AfterAll
  static void stop() {
    node.close();
  }

  @BeforeEach
  void createTenant(TestInfo test) {
    tenant =
        Objects.requireNonNull(
                node.bean(Tenants.class)
                    .create(Actor.ADMIN, test.getTestMethod().orElseThrow().getName())
                    .block())
            .id();
  }

  @AfterEach
  void fillBySelf() {
    node.engine().manualFills(false);
    node.engine().pinBudgetTokens(2000);
  }

  @Test
  void aPromptShowsItsCostBeforeItIsKept() {
    post("/prompts/preview", Map.of("text", "Be brief."))
        .expectStatus()
        .isOk()
        .expectBody()
        .jsonPath("$.tokens")
        .isEqualTo(9)
        .jsonPath("$.kvBytes")
        .isEqualTo(900)
        .jsonPath("$.contextLength")
        .isEqualTo(4096)
        .jsonPath("$.remainingContext")
        .isEqualTo(4087);
    get("/prompts").jsonPath("$.items.length()").isEqualTo(0);
  }

  @Test
  void versionsAreNumberedImmutableAndListedWithoutTheirTexts() {
    assertThat(register("First.")).isEqualTo("v1");
    assertThat(
            register("Second, with \"quotes\", \u00fcmlauts and \ud83d\udc69\u200d\ud83d\udd2c."))
        .isEqualTo("v2");
    get("/prompts")
        .jsonPath("$.items[0].id")
        .isEqualTo("v2")
        .jsonPath("$.items[1].tokens")
        .isEqualTo(6)
        .jsonPath("$.items[1].author")
        .isEqualTo("admin")
        .jsonPath("$.items[0].text")
        .doesNotExist();
    get("/prompts/v2")
        .jsonPath("$.text")
        .isEqualTo("Second, with \"quotes\", \u00fcmlauts and \ud83d\udc69\u200d\ud83d\udd2c.");
  }

  @Test
  void aVersionBecomesActiveOnlyWhenItIsResident() {
    node.engine().manualFills(true);
    String version = register("Fill me first.");
    SystemKvKey key = new SystemKvKey(tenant, version);
    Activation started = activate(version);
    await().until(() -> node.engine().isFilling(key));
    node.engine().fillUpTo(key, 5);
    Activation filling = activation(started.id());
    assertThat(filling.state()).isEqualTo(Activation.State.FILLING);
    assertThat(filling.filledTokens()).isEqualTo(5);
    assertThat(filling.totalTokens()).isEqualTo(14);
    get("").jsonPath("$.activeVersionId").isEmpty();

    node.engine().finishFill(key);
    awaitState(started, Activation.State.ACTIVE);
    get("").jsonPath("$.activeVersionId").isEqualTo(version);

    Activation again = activate(version);
    assertThat(again.state()).isEqualTo(Activation.State.ACTIVE);
    assertThat(activation(again.id()).state()).isEqualTo(Activation.State.ACTIVE);
  }

  @Test
  void aFailedFillLeavesTheOldVersionActive() {
    String old = register("The old one.");
    awaitState(activate(old), Activation.State.ACTIVE);
    node.engine().manualFills(true);
    String next = register("The new one.");
    Activation started = activate(next);
    SystemKvKey key = new SystemKvKey(tenant, next);
    await().until(() -> node.engine().isFilling(key));
    node.engine()
        .failFill(key, new EngineException(ErrorCode.MEMORY_FULL, "No room for 12 tokens."));
    awaitState(started, Activation.State.FAILED);
    assertThat(activation(started.id()).error()).isEqualTo("No room for 12 tokens.");
    get("").jsonPath("$.activeVersionId").isEqualTo(old);
  }

  @Test
  void ofTwoActivationsTheLaterWinsWhicheverIsFilledFirst() {
    node.engine().manualFills(true);
    String first = register("First of two.");
    String second = register("Second of two.");
    Activation early = activate(first);
    Activation late = activate(second);
    await().until(() -> node.engine().isFilling(new SystemKvKey(tenant, second)));
    node.engine().finishFill(new SystemKvKey(tenant, second));
    awaitState(late, Activation.State.ACTIVE);
    node.engine().finishFill(new SystemKvKey(tenant, first));
    awaitState(early, Activation.State.FAILED);
    get("").jsonPath("$.activeVersionId").isEqualTo(second);
  }

  @Test
  void aPromptThatLeavesNoRoomToAnswerIsRefused() {
    post("/prompts", Map.of("text", "x".repeat(4090)))
        .expectStatus()
        .isEqualTo(422)
        .expectBody()
        .jsonPath("$.type")
        .isEqualTo("urn:baton:problem:context-length-exceeded")
        .jsonPath("$.tokens")
        .isEqualTo(4090)
        .jsonPath("$.contextLength")
        .isEqualTo(4096);
  }

  @Test
  void whatDoesNotExistOrBelongsToAnotherTenantIs404() {
    String version = register("Mine.");
    Activation mine = activate(version);
    String other =
        Objects.requireNonNull(
                node.bean(Tenants.class).create(Actor.ADMIN, "Somebody else").block())
            .id();
    for (String path :
        new String[] {
          "/admin/v1/tenants/" + other + "/prompts/" + version,
          "/admin/v1/tenants/" + tenant + "/prompts/v99",
          "/admin/v1/tenants/" + tenant + "/prompts/v1}:x",
          "/admin/v1/tenants/ten_0000000000000000/prompts",
          "/admin/v1/tenants/no-such/residency",
          "/admin/v1/activations/" + mine.id().substring(0, 21) + "00000000",
          "/admin/v1/activations/x"
        }) {
      node.admin().get().uri(path).exchange().expectStatus().isNotFound();
    }
    for (String action : new String[] {"activate", "warm", "pin", "unpin", "evict"}) {
      node.admin()
          .post()
          .uri("/admin/v1/tenants/" + other + "/prompts/" + version + "/" + action)
          .exchange()
          .expectStatus()
          .isNotFound();
    }
  }

  @Test
  void residencyFollowsTheCommands() {
    String version = register("Warm and pin me.");
    SystemKvKey key = new SystemKvKey(tenant, version);
    command(version, "warm").expectStatus().isOk();
    get("/residency")
        .jsonPath("$.items[0].residency")
        .isEqualTo("DEVICE")
        .jsonPath("$.items[0].pinned")
        .isEqualTo(false)
        .jsonPath("$.items[0].versionId")
        .isEqualTo(version);
    command(version, "pin").expectStatus().isOk();
    get("/residency").jsonPath("$.items[0].pinned").isEqualTo(true);
    command(version, "unpin").expectStatus().isOk();
    node.engine().use(key, 2);
    command(version, "evict")
        .expectStatus()
        .isEqualTo(409)
        .expectBody()
        .jsonPath("$.type")
        .isEqualTo("urn:baton:problem:system-kv-in-use");
    node.engine().use(key, 0);
    command(version, "evict")
        .expectStatus()
        .isOk()
        .expectBody()
        .jsonPath("$.residency")
        .isEqualTo("ABSENT");
    node.admin()
        .get()
        .uri("/admin/v1/engine")
        .exchange()
        .expectStatus()
        .isOk()
        .expectBody()
        .jsonPath("$.model.contextLength")
        .isEqualTo(4096)
        .jsonPath("$.statistics.totalBlocks")
        .isEqualTo(1000)
        .jsonPath("$.systemKvs[?(@.tenantId=='" + tenant + "')].tenantName")
        .isEqualTo("residencyFollowsTheCommands");
  }

  @Test
  void aPinOverTheBudgetSaysBothNumbers() {
    node.engine().pinBudgetTokens(0);
    command(register("Too much to pin."), "pin")
        .expectStatus()
        .isEqualTo(409)
        .expectBody()
        .jsonPath("$.type")
        .isEqualTo("urn:baton:problem:pin-budget-exceeded")
        .jsonPath("$.pinBudgetBlocks")
        .isEqualTo(0)
        .jsonPath("$.pinnedBlocks")
        .isNumber();
  }

  @Test
  void aCommandThatTakesLongAnswersWithTheStateSoFar() {
    node.engine().manualFills(true);
    String version = register("Slow to fill.");
    command(version, "warm")
        .expectStatus()
        .isAccepted()
        .expectBody()
        .jsonPath("$.residency")
        .isEqualTo("FILLING");
    node.engine().finishFill(new SystemKvKey(tenant, version));
    get("/residency").jsonPath("$.items[0].residency").isEqualTo("DEVICE");
  }

  @Test
  void everyChangeIsAuditedWithoutItsText() {
    String version = register("Very secret words.");
    awaitState(activate(version), Activation.State.ACTIVE);
    command(version, "pin").expectStatus().isOk();
    String log =
        new String(
            Objects.requireNonNull(
                node.admin()
                    .get()
                    .uri("/admin/v1/audit?tenant=" + tenant)
                    .exchange()
                    .expectStatus()
                    .isOk()
                    .expectBody()
                    .jsonPath("$.items[*].action")
                    .isEqualTo(
                        List.of(
                            "system_kv.pinned",
                            "system_prompt.activated",
                            "system_prompt.activation_started",
                            "system_prompt.registered",
                            "tenant.created"))
                    .returnResult()
                    .getResponseBody()),
            StandardCharsets.UTF_8);
    assertThat(log).doesNotContain("secret words").contains("\"actor\":\"admin\"");
  }

  private String register(String text) {
    PromptVersion version =
        post("/prompts", Map.of("text", text))
            .expectStatus()
            .isCreated()
            .expectBody(PromptVersion.class)
            .returnResult()
            .getResponseBody();
    return Objects.requireNonNull(version).id();
  }

  private Activation activate(String version) {
    return Objects.requireNonNull(
        command(version, "activate")
            .expectStatus()
            .isAccepted()
            .expectBody(Activation.class)
            .returnResult()
            .getResponseBody());
  }

  private static Activation activation(String id) {
    return Objects.requireNonNull(
        node.admin()
            .get()
            .uri("/admin/v1/activations/{id}", id)
            .exchange()
            .expectStatus()
            .isOk()
            .expectBody(Activation.class)
            .returnResult()
            .getResponseBody());
  }

  private static void awaitState(Activation started, Activation.State state) {
    await().atMost(Duration.ofSeconds(10)).until(() -> activation(started.id()).state() == state);
  }

  private WebTestClient.ResponseSpec command(String version, String action) {
    return post("/prompts/" + version + "/" + action, Map.of());
  }

  private WebTestClient.ResponseSpec post(String path, Map<String, String> body) {
    return node.admin().post().uri("/admin/v1/tenants/" + tenant + path).bodyValue(body).exchange();
  }

  private WebTestClient.BodyContentSpec get(String path) {
    return node.admin()
        .get()
        .uri("/admin/v1/tenants/" + tenant + path)
        .exchange()
        .expectStatus()
        .isOk()
        .expectBody();
  }
}
