package dev.baton.platform;

import static dev.baton.platform.PlatformUnderTest.chat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.admin.tenant.Tenant;
import dev.baton.engine.FinishReason;
import dev.baton.platform.serve.TestRedis;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What a tenant's and a key's standing means on the wire, for what comes and for what runs. */
@Timeout(60)
class StandingIT {
  private static final Duration A_SECOND = Duration.ofSeconds(1);
  private static final JsonMapper JSON = JsonMapper.shared();

  private static TestRedis redis;
  private static ScriptedEngine engine;
  private static PlatformUnderTest platform;

  @BeforeAll
  static void start() throws IOException {
    redis = TestRedis.start();
    engine = new ScriptedEngine();
    // A long belief: only the change feed can explain what a node learns within a second.
    platform = PlatformUnderTest.start(engine, redis, Map.of("baton.admin.key-cache-time", "1m"));
  }

  @AfterAll
  static void stop() {
    platform.close();
    engine.close();
    redis.close();
  }

  @Test
  void suspendingATenantEndsItsStreamsWithAnErrorAndNobodyElses() throws Exception {
    Tenant tenant = platform.createTenant("Runs and stops");
    String key = platform.issueKey(tenant).secret();
    String bystander = platform.issueKey(platform.createTenant("Goes on")).secret();
    HttpResponse<Stream<String>> ending = platform.open(key, engine, chat(",\"stream\":true"));
    ScriptedEngine.Running ended = engine.lastRequest();
    HttpResponse<Stream<String>> going = platform.open(bystander, engine, chat(",\"stream\":true"));
    ScriptedEngine.Running goingOn = engine.lastRequest();
    CompletableFuture<HttpResponse<String>> whole =
        platform
            .http()
            .sendAsync(platform.chatRequest(key, chat("")), HttpResponse.BodyHandlers.ofString());
    engine.nextRequest().begin();

    platform.admin("POST", "/admin/v1/tenants/" + tenant.id() + "/suspend");
    assertThat(ended.cancelledWithin(A_SECOND)).isTrue();
    assertThat(lines(ending)).last().asString().contains("tenant_suspended");
    HttpResponse<String> refused = whole.get(5, TimeUnit.SECONDS);
    assertThat(refused.statusCode()).isEqualTo(403);
    assertThat(refused.body()).contains("tenant_suspended");
    goingOn.say("still here").finish(FinishReason.STOP);
    assertThat(lines(going)).last().isEqualTo("data: [DONE]");
    await()
        .atMost(A_SECOND)
        .untilAsserted(() ->
            assertThat(platform.admin("GET", "/actuator/prometheus"))
                .containsPattern("baton_chat_aborted_total\\{by=\"access\"} [1-9]"));
  }

  @Test
  void revokingAKeyOrDeletingItsTenantEndsItsStreams() throws Exception {
    Tenant tenant = platform.createTenant("Revokes and goes");
    var revoked = platform.issueKey(tenant);
    var kept = platform.issueKey(tenant);
    HttpResponse<Stream<String>> first =
        platform.open(revoked.secret(), engine, chat(",\"stream\":true"));
    ScriptedEngine.Running ofRevoked = engine.lastRequest();
    HttpResponse<Stream<String>> second =
        platform.open(kept.secret(), engine, chat(",\"stream\":true"));
    ScriptedEngine.Running ofKept = engine.lastRequest();

    platform.revoke(tenant, revoked.id());
    assertThat(ofRevoked.cancelledWithin(A_SECOND)).isTrue();
    assertThat(lines(first)).last().asString().contains("invalid_api_key");
    ofKept.say("not mine");

    platform.admin("DELETE", "/admin/v1/tenants/" + tenant.id());
    assertThat(ofKept.cancelledWithin(A_SECOND)).isTrue();
    assertThat(lines(second)).last().asString().contains("invalid_api_key");
    assertThat(models(kept.secret())).isEqualTo(401);
    platform.admin("POST", "/admin/v1/tenants/" + tenant.id() + "/restore");
    await().atMost(A_SECOND).until(() -> models(kept.secret()) == 200);
    assertThat(models(revoked.secret())).isEqualTo(401);
  }

  @Test
  void afterARotationTheFormerSecretWorksForItsGraceAndNoLonger() throws Exception {
    Tenant tenant = platform.createTenant("Rotates");
    var issued = platform.issueKey(tenant);
    assertThat(models(issued.secret())).isEqualTo(200);
    JsonNode rotated = rotate(tenant, issued.id(), 2);
    String fresh = rotated.path("secret").asString();
    assertThat(fresh).startsWith(issued.prefix()).isNotEqualTo(issued.secret());
    assertThat(models(fresh)).isEqualTo(200);
    assertThat(models(issued.secret())).isEqualTo(200);
    await().atMost(Duration.ofSeconds(4)).until(() -> models(issued.secret()) == 401);
    assertThat(models(fresh)).isEqualTo(200);

    // Without grace, the former secret ends on the spot.
    String last = rotate(tenant, issued.id(), 0).path("secret").asString();
    await().atMost(A_SECOND).until(() -> models(fresh) == 401);
    assertThat(models(last)).isEqualTo(200);
  }

  @Test
  void aKeyMayWhatItsScopesSay() throws Exception {
    Tenant tenant = platform.createTenant("Scoped");
    String path = "/admin/v1/tenants/" + tenant.id() + "/keys";
    JsonNode key = post(path, "{\"name\":\"reader\",\"scopes\":[\"models\"]}");
    String secret = key.path("secret").asString();
    assertThat(models(secret)).isEqualTo(200);
    HttpResponse<String> refused = platform.post(secret, chat(""));
    assertThat(refused.statusCode()).isEqualTo(403);
    assertThat(refused.body()).contains("insufficient_scope");
    assertThat(refused.headers().firstValue("x-should-retry")).hasValue("false");
  }

  @Test
  void aRequestIsAnsweredWithTheVersionItAsksForWhereItsKeyMay() throws Exception {
    Tenant tenant = platform.createTenant("Canary");
    String path = "/admin/v1/tenants/" + tenant.id();
    platform.activate(tenant, "The active one.");
    post(path + "/prompts", "{\"text\":\"The canary.\"}");
    assertThat(put(path + "/labels/canary", "{\"versionId\":\"v2\"}")).isEqualTo(200);
    String usual = platform.issueKey(tenant).secret();
    String choosing =
        post(path + "/keys", "{\"name\":\"c\",\"scopes\":[\"chat\",\"prompt:select\"]}")
            .path("secret")
            .asString();

    assertThat(answeredBy(choosing, "v2")).isEqualTo("v2");
    assertThat(answeredBy(choosing, "canary")).isEqualTo("v2");
    assertThat(answeredBy(choosing, "")).isEqualTo("v1");
    assertThat(answeredBy(usual, "")).isEqualTo("v1");
    // Moved, the label leads elsewhere at once.
    assertThat(put(path + "/labels/canary", "{\"versionId\":\"v1\"}")).isEqualTo(200);
    assertThat(answeredBy(choosing, "canary")).isEqualTo("v1");

    HttpResponse<String> refused = platform.send(choosing(usual, "v2"));
    assertThat(refused.statusCode()).isEqualTo(403);
    assertThat(refused.body()).contains("insufficient_scope");
    for (String missing : List.of("v9", "no-such-label", "v1}:x")) {
      HttpResponse<String> unknown = platform.send(choosing(choosing, missing));
      assertThat(unknown.statusCode()).isEqualTo(404);
      assertThat(unknown.body()).contains("prompt_version_not_found");
    }
  }

  /** The version that the engine was given and the answer names. */
  private static String answeredBy(String key, String version) throws Exception {
    CompletableFuture<HttpResponse<String>> answer =
        platform.http().sendAsync(choosing(key, version), HttpResponse.BodyHandlers.ofString());
    ScriptedEngine.Running running = engine.nextRequest();
    var prompt = running.request().systemPrompt();
    running.begin().finish(FinishReason.STOP);
    assertThat(prompt).isNotNull();
    assertThat(answer.get(10, TimeUnit.SECONDS).headers().firstValue("baton-prompt-version"))
        .hasValue(prompt.key().versionId());
    return prompt.key().versionId();
  }

  private static HttpRequest choosing(String key, String version) {
    return platform
        .request("/v1/chat/completions", key)
        .header("Content-Type", "application/json")
        .header("Baton-Prompt-Version", version)
        .POST(HttpRequest.BodyPublishers.ofString(chat("")))
        .build();
  }

  private static int put(String path, String body) throws Exception {
    return platform
        .send(
            platform
                .request(path, PlatformUnderTest.ADMIN_TOKEN)
                .header("Content-Type", "application/json")
                .header("If-Match", "*")
                .PUT(HttpRequest.BodyPublishers.ofString(body))
                .build())
        .statusCode();
  }

  private static JsonNode rotate(Tenant tenant, String keyId, int graceSeconds) throws Exception {
    return post(
        "/admin/v1/tenants/" + tenant.id() + "/keys/" + keyId + "/rotate",
        "{\"graceSeconds\":" + graceSeconds + "}");
  }

  private static JsonNode post(String path, String body) throws Exception {
    HttpResponse<String> answer =
        platform.send(
            platform
                .request(path, PlatformUnderTest.ADMIN_TOKEN)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build());
    assertThat(answer.statusCode()).as(answer.body()).isBetween(200, 299);
    return JSON.readTree(answer.body());
  }

  private static int models(String key) throws IOException, InterruptedException {
    return platform.send(platform.request("/v1/models", key).build()).statusCode();
  }

  private static List<String> lines(HttpResponse<Stream<String>> response) {
    return response.body().filter(line -> !line.isEmpty()).toList();
  }
}
