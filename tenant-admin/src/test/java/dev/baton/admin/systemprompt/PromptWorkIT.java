package dev.baton.admin.systemprompt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.admin.AdminNode;
import dev.baton.admin.audit.Actor;
import dev.baton.admin.tenant.Tenants;
import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.Residency;
import dev.baton.engine.SystemKvKey;
import dev.baton.testing.RedisServer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.http.HttpMethod;
import org.springframework.http.MediaType;
import org.springframework.test.web.reactive.server.WebTestClient;
import reactor.test.StepVerifier;

/** The work on prompts: drafts, comparisons, labels, rollback, cancel, pins, the live view. */
class PromptWorkIT {
  @RegisterExtension static final RedisServer REDIS = RedisServer.durable();

  private static AdminNode node;
  private String tenant = "";

  @BeforeAll
  static void start() {
    node =
        AdminNode.start(
            REDIS, "baton.admin.command-wait=100ms", "baton.admin.tenant-pin-budget=2000B");
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
  void aDraftIsSavedByWhoHasSeenItAndPublishedAsAVersion() {
    Map<?, ?> draft = created("/drafts", Map.of("title", "Tone", "text", "Be brief."));
    String path = "/drafts/" + draft.get("id");
    String tag = tag(path);
    Map<String, ?> next = Map.of("title", "Tone", "text", "Be brief and kind.");
    send(HttpMethod.PUT, path, null, next).expectStatus().isEqualTo(428);
    send(HttpMethod.PUT, path, tag, next).expectStatus().isOk();
    send(HttpMethod.PUT, path, tag, Map.of("title", "Tone", "text", "Overwritten."))
        .expectStatus()
        .isEqualTo(412);
    send(HttpMethod.DELETE, path, tag, null).expectStatus().isEqualTo(412);
    send(HttpMethod.POST, path + "/publish", tag, Map.of("message", "stale"))
        .expectStatus()
        .isEqualTo(412);
    get(path)
        .jsonPath("$.text")
        .isEqualTo("Be brief and kind.")
        .jsonPath("$.editor")
        .isEqualTo("admin");
    get("/drafts")
        .jsonPath("$.items[0].title")
        .isEqualTo("Tone")
        .jsonPath("$.items[0].text")
        .doesNotExist();

    send(HttpMethod.POST, path + "/publish", tag(path), Map.of("message", "Kinder"))
        .expectStatus()
        .isCreated()
        .expectBody()
        .jsonPath("$.id")
        .isEqualTo("v1")
        .jsonPath("$.message")
        .isEqualTo("Kinder")
        .jsonPath("$.tokens")
        .isEqualTo(18);
    get("/prompts/v1").jsonPath("$.text").isEqualTo("Be brief and kind.");
    send(HttpMethod.GET, path, null, null).expectStatus().isNotFound();
    get("/drafts").jsonPath("$.items.length()").isEqualTo(0);
  }

  @Test
  void aDraftThatLeavesNoRoomStaysADraft() {
    Map<?, ?> draft = created("/drafts", Map.of("title", "Long", "text", "x".repeat(4090)));
    send(HttpMethod.POST, "/drafts/" + draft.get("id") + "/publish", null, Map.of())
        .expectStatus()
        .isEqualTo(422);
    get("/drafts").jsonPath("$.items.length()").isEqualTo(1);
    get("/prompts").jsonPath("$.items.length()").isEqualTo(0);
  }

  @Test
  void draftsOfOthersAreNotFound() {
    Map<?, ?> draft = created("/drafts", Map.of("title", "Mine", "text", "Mine."));
    String other =
        Objects.requireNonNull(
                node.bean(Tenants.class).create(Actor.ADMIN, "Drafts of another").block())
            .id();
    for (HttpMethod method : List.of(HttpMethod.GET, HttpMethod.DELETE)) {
      node.admin()
          .method(method)
          .uri("/admin/v1/tenants/" + other + "/drafts/" + draft.get("id"))
          .header("If-Match", "*")
          .exchange()
          .expectStatus()
          .isNotFound();
    }
    for (String nonsense : List.of("drf_000000000000", "x", "drf_}:x0000000000")) {
      send(HttpMethod.GET, "/drafts/" + nonsense, null, null).expectStatus().isNotFound();
    }
  }

  @Test
  void aPreviewWarnsOfCredentialsByLineOnly() {
    String key = "AKIA" + "IOSFODNN7EXAMPLE";
    byte[] body =
        send(HttpMethod.POST, "/prompts/preview", null, Map.of("text", "Be kind.\nUse " + key))
            .expectStatus()
            .isOk()
            .expectBody()
            .jsonPath("$.warnings[0].line")
            .isEqualTo(2)
            .jsonPath("$.remainingContext")
            .isNumber()
            .jsonPath("$.fits")
            .isEqualTo(true)
            .returnResult()
            .getResponseBody();
    assertThat(new String(Objects.requireNonNull(body), StandardCharsets.UTF_8))
        .doesNotContain(key);
    send(HttpMethod.POST, "/prompts/preview", null, Map.of("text", "x".repeat(4090)))
        .expectStatus()
        .isOk()
        .expectBody()
        .jsonPath("$.fits")
        .isEqualTo(false);
  }

  @Test
  void aPromptOfSeveralHundredKilobytesIsReadAndCompared() {
    String line = "A line of a very long prompt, which a customer has written.\n";
    String text = line.repeat(8000); // 480 kB
    Map<?, ?> draft = created("/drafts", Map.of("title", "Very long", "text", text));
    get("/drafts/" + draft.get("id")).jsonPath("$.characters").isEqualTo(text.length());
    send(HttpMethod.POST, "/drafts", null, Map.of("title", "Too long", "text", "x".repeat(1 << 20)))
        .expectStatus()
        .isEqualTo(413)
        .expectBody()
        .jsonPath("$.detail")
        .value(
            String.class,
            words ->
                assertThat(words).contains("1048576").containsPattern("has 10486\\d\\d bytes"));
  }

  @Test
  void versionsAreComparedByLines() {
    register("Be kind.\nSell bicycles.\n");
    register("Be kind.\nSell bicycles and helmets.\n");
    get("/prompts/v2/diff?against=v1")
        .jsonPath("$.hunks[0].oldStart")
        .isEqualTo(1)
        .jsonPath("$.hunks[0].lines[1].kind")
        .isEqualTo("REMOVED")
        .jsonPath("$.hunks[0].lines[2].text")
        .isEqualTo("Sell bicycles and helmets.")
        .jsonPath("$.hunks[0].lines[2].newLine")
        .isEqualTo(2);
    send(HttpMethod.GET, "/prompts/v2/diff?against=v9", null, null).expectStatus().isNotFound();
    send(HttpMethod.GET, "/prompts/v2/diff", null, null).expectStatus().isBadRequest();
  }

  @Test
  void aLabelIsMadeMovedByWhoHasSeenItAndRemoved() {
    register("One.");
    register("Two.");
    Map<String, String> one = Map.of("versionId", "v1");
    Map<String, String> two = Map.of("versionId", "v2");
    send(HttpMethod.PUT, "/labels/canary", null, one).expectStatus().isOk();
    send(HttpMethod.PUT, "/labels/canary", null, two).expectStatus().isEqualTo(428);
    String tag = tag("/labels/canary");
    send(HttpMethod.PUT, "/labels/canary", tag, two).expectStatus().isOk();
    send(HttpMethod.PUT, "/labels/canary", tag, one).expectStatus().isEqualTo(412);
    get("/labels")
        .jsonPath("$.items[0].label")
        .isEqualTo("canary")
        .jsonPath("$.items[0].versionId")
        .isEqualTo("v2");
    send(HttpMethod.PUT, "/labels/canary", "*", Map.of("versionId", "v9"))
        .expectStatus()
        .isNotFound();
    for (String unfit : List.of("v1", "UPPER", "x", "a b", "-a", "a".repeat(65))) {
      send(HttpMethod.PUT, "/labels/" + unfit, "*", one).expectStatus().isBadRequest();
    }
    send(HttpMethod.DELETE, "/labels/canary", "*", null).expectStatus().isNoContent();
    send(HttpMethod.DELETE, "/labels/canary", "*", null).expectStatus().isNotFound();
  }

  @Test
  void aRollbackLeadsToTheVersionBeforeAtOnce() {
    register("Old.");
    register("New.");
    send(HttpMethod.POST, "/rollback", null, null).expectStatus().isEqualTo(409);
    awaitActive(activate("v1"));
    send(HttpMethod.POST, "/rollback", null, null).expectStatus().isEqualTo(409);
    awaitActive(activate("v2"));
    get("").jsonPath("$.previousVersionId").isEqualTo("v1");
    // No fill may run: the former version's system KV is still there.
    node.engine().manualFills(true);
    Activation back =
        send(HttpMethod.POST, "/rollback", null, null)
            .expectStatus()
            .isAccepted()
            .expectBody(Activation.class)
            .returnResult()
            .getResponseBody();
    awaitActive(Objects.requireNonNull(back));
    get("").jsonPath("$.activeVersionId").isEqualTo("v1");
  }

  @Test
  void aVersionThatIsActivatedTwiceHasOneJob() {
    node.engine().manualFills(true);
    String version = register("Twice.");
    Activation first = activate(version);
    Activation second = activate(version);
    assertThat(second.id()).isEqualTo(first.id());
    SystemKvKey key = new SystemKvKey(tenant, version);
    await().until(() -> node.engine().isFilling(key));
    node.engine().finishFill(key);
    awaitActive(first);
  }

  @Test
  void aCancelledActivationLeavesTheOldVersionAndEndsTheFill() {
    awaitActive(activate(register("Stays.")));
    node.engine().manualFills(true);
    String version = register("Never mind.");
    SystemKvKey key = new SystemKvKey(tenant, version);
    Activation started = activate(version);
    await().until(() -> node.engine().isFilling(key));
    String path = "/admin/v1/activations/" + started.id() + "/cancel";
    node.admin()
        .post()
        .uri(path)
        .exchange()
        .expectStatus()
        .isOk()
        .expectBody()
        .jsonPath("$.state")
        .isEqualTo("cancelled");
    assertThat(residency(key)).isEqualTo(Residency.ABSENT);
    node.admin().post().uri(path).exchange().expectStatus().isEqualTo(409);
    await()
        .during(Duration.ofMillis(300))
        .until(() -> state(started) == Activation.State.CANCELLED);
    get("").jsonPath("$.activeVersionId").isEqualTo("v1");
  }

  @Test
  void anEngineThatDiesWhileFillingFailsTheActivationAndItCanBeRepeated() {
    node.engine().manualFills(true);
    String version = register("Interrupted.");
    SystemKvKey key = new SystemKvKey(tenant, version);
    Activation started = activate(version);
    await().until(() -> node.engine().isFilling(key));
    node.engine().failFill(key, new EngineException(ErrorCode.INTERNAL, "The device is lost."));
    await().until(() -> state(started) == Activation.State.FAILED);
    node.engine().manualFills(false);
    awaitActive(activate(version));
  }

  @Test
  void itIsSeenWhoPinnedAndATenantCanNotPinMoreThanItsBudget() {
    String first = register("Pin me."); // 7 tokens, 700 bytes
    String second = register("And me, I am longer.");
    command(first, "pin").expectStatus().isOk();
    get("/residency")
        .jsonPath("$.items[0].pinnedBy")
        .isEqualTo("admin")
        .jsonPath("$.items[0].pinnedAt")
        .isNotEmpty();
    command(second, "pin")
        .expectStatus()
        .isEqualTo(409)
        .expectBody()
        .jsonPath("$.type")
        .isEqualTo("urn:baton:problem:tenant-pin-budget-exceeded")
        .jsonPath("$.pinnedBytes")
        .isEqualTo(700)
        .jsonPath("$.pinBudgetBytes")
        .isEqualTo(2000);
    command(first, "pin").expectStatus().isOk();
    command(first, "unpin").expectStatus().isOk();
    get("/residency").jsonPath("$.items[0].pinnedBy").isEmpty();
    command(second, "pin").expectStatus().isOk();
    command(second, "evict").expectStatus().isOk();
    assertThat(node.bean(Pins.class).versions(tenant).block()).isEmpty();
  }

  @Test
  void aTenantPinsWithinABudgetOfItsOwnWhereItHasOne() {
    String small = register("Pin me."); // 7 tokens, 700 bytes
    String large = register("I am longer than the other one is."); // 3400 bytes
    get("/pin-budget")
        .jsonPath("$.bytes")
        .isEmpty()
        .jsonPath("$.platformBytes")
        .isEqualTo(2000)
        .jsonPath("$.pinnedBytes")
        .isEqualTo(0);
    command(large, "pin").expectStatus().isEqualTo(409);
    String tag = tag("/pin-budget");
    send(HttpMethod.PUT, "/pin-budget", null, Map.of("bytes", 4100)).expectStatus().isEqualTo(428);
    send(HttpMethod.PUT, "/pin-budget", tag, Map.of("bytes", 4100)).expectStatus().isOk();
    send(HttpMethod.PUT, "/pin-budget", tag, Map.of("bytes", 5)).expectStatus().isEqualTo(412);
    command(large, "pin").expectStatus().isOk();
    command(small, "pin").expectStatus().isOk();
    get("/pin-budget")
        .jsonPath("$.bytes")
        .isEqualTo(4100)
        .jsonPath("$.pinnedBytes")
        .isEqualTo(4100);

    // A smaller budget takes nothing away, but nothing more is pinned.
    send(HttpMethod.PUT, "/pin-budget", "*", Map.of("bytes", 0)).expectStatus().isOk();
    get("/residency")
        .jsonPath("$.items[?(@.pinned==true)].versionId")
        .value(List.class, pinned -> assertThat(pinned).hasSize(2));
    command(small, "unpin").expectStatus().isOk();
    command(small, "pin")
        .expectStatus()
        .isEqualTo(409)
        .expectBody()
        .jsonPath("$.pinnedBytes")
        .isEqualTo(3400)
        .jsonPath("$.pinBudgetBytes")
        .isEqualTo(0);
    // Without its own the platform's holds again.
    send(HttpMethod.PUT, "/pin-budget", "*", Map.of()).expectStatus().isOk();
    get("/pin-budget").jsonPath("$.bytes").isEmpty();
    command(large, "unpin").expectStatus().isOk();
    command(small, "pin").expectStatus().isOk();
    command(large, "pin").expectStatus().isEqualTo(409);

    for (long senseless : new long[] {-1, (1L << 53) + 1}) {
      send(HttpMethod.PUT, "/pin-budget", "*", Map.of("bytes", senseless))
          .expectStatus()
          .isBadRequest();
    }
    get("/audit")
        .jsonPath("$.items[?(@.action=='tenant.pin_budget_set')].before")
        .value(List.class, changes -> assertThat(changes).hasSize(3));
    node.admin()
        .get()
        .uri("/admin/v1/tenants/ten_0000000000000000/pin-budget")
        .exchange()
        .expectStatus()
        .isNotFound();
  }

  @Test
  void aPinThatTheDeviceRefusesIsNotTakenDown() {
    node.engine().pinBudgetTokens(0);
    command(register("No room."), "pin").expectStatus().isEqualTo(409);
    assertThat(node.bean(Pins.class).versions(tenant).block()).isEmpty();
  }

  @Test
  void theEngineIsShownEverySecond() {
    command(register("Live."), "warm").expectStatus().isOk();
    Set<Integer> seen = new HashSet<>();
    StepVerifier.create(
            node.admin()
                .get()
                .uri("/admin/v1/engine/events")
                .accept(MediaType.TEXT_EVENT_STREAM)
                .exchange()
                .expectStatus()
                .isOk()
                .returnResult(Map.class)
                .getResponseBody()
                .doOnNext(event -> seen.add(System.identityHashCode(event)))
                .take(3))
        .thenConsumeWhile(event ->
            event.containsKey("statistics")
                && String.valueOf(event.get("systemKvs")).contains(tenant))
        .expectComplete()
        .verify(Duration.ofSeconds(20));
    assertThat(seen).hasSize(3);
  }

  private static Residency residency(SystemKvKey key) {
    return node.engine().systemKvs().stream()
        .filter(status -> status.key().equals(key))
        .findFirst()
        .orElseThrow()
        .residency();
  }

  private String register(String text) {
    return String.valueOf(created("/prompts", Map.of("text", text)).get("id"));
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

  private static Activation.State state(Activation started) {
    return Objects.requireNonNull(node.bean(Activations.class).get(started.id()).block()).state();
  }

  private static void awaitActive(Activation started) {
    await().atMost(Duration.ofSeconds(10)).until(() -> state(started) == Activation.State.ACTIVE);
  }

  private WebTestClient.ResponseSpec command(String version, String action) {
    return send(HttpMethod.POST, "/prompts/" + version + "/" + action, null, null);
  }

  private Map<?, ?> created(String path, Map<String, ?> body) {
    return Objects.requireNonNull(
        send(HttpMethod.POST, path, null, body)
            .expectStatus()
            .isCreated()
            .expectBody(Map.class)
            .returnResult()
            .getResponseBody());
  }

  private String tag(String path) {
    return Objects.requireNonNull(
        send(HttpMethod.GET, path, null, null)
            .expectStatus()
            .isOk()
            .expectBody()
            .returnResult()
            .getResponseHeaders()
            .getETag());
  }

  private WebTestClient.BodyContentSpec get(String path) {
    return send(HttpMethod.GET, path, null, null).expectStatus().isOk().expectBody();
  }

  private WebTestClient.ResponseSpec send(
      HttpMethod method, String path, @Nullable String ifMatch, @Nullable Map<String, ?> body) {
    WebTestClient.RequestBodySpec request =
        node.admin().method(method).uri("/admin/v1/tenants/" + tenant + path);
    if (ifMatch != null) {
      request.header("If-Match", ifMatch);
    }
    return body == null ? request.exchange() : request.bodyValue(body).exchange();
  }
}
