package dev.baton.platform.quota;

import static dev.baton.platform.PlatformUnderTest.chat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.admin.apikey.IssuedKey;
import dev.baton.admin.audit.Actor;
import dev.baton.admin.http.IfMatch;
import dev.baton.admin.limits.ClientSystemMessages;
import dev.baton.admin.limits.LimitDirectory;
import dev.baton.admin.limits.Limits;
import dev.baton.admin.limits.TenantLimits;
import dev.baton.admin.storage.TenantKeys;
import dev.baton.admin.tenant.Tenant;
import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.FinishReason;
import dev.baton.platform.PlatformUnderTest;
import dev.baton.platform.ScriptedEngine;
import dev.baton.testing.RedisServer;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.data.domain.Range;
import org.springframework.data.redis.core.ReactiveStringRedisTemplate;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Limits over the wire, with an engine whose every event a test decides. */
@Timeout(120)
class QuotaIT {
  private static final Duration SOON = Duration.ofSeconds(20);
  private static final int PROMPT = ScriptedEngine.PROMPT_TOKENS;

  @RegisterExtension static final RedisServer REDIS = RedisServer.durable();

  private static ScriptedEngine engine;
  private static PlatformUnderTest platform;
  private static int tenants;

  private Tenant tenant;
  private IssuedKey key;

  @BeforeAll
  static void start() {
    engine = new ScriptedEngine();
    platform =
        PlatformUnderTest.start(
            engine,
            REDIS.url(),
            Map.of(
                "baton.quota.default-output-tokens",
                50,
                "baton.storage.read-timeout", // a busy machine is no outage
                "10s"));
  }

  @AfterAll
  static void stop() {
    platform.close();
    engine.close();
  }

  @BeforeEach
  void newTenant() {
    tenant = platform.createTenant("Quota " + tenants++);
    key = platform.issueKey(tenant);
  }

  @AfterEach
  void nothingIsLeftRunning() {
    engine.refuse(null);
    await().atMost(SOON).until(engine::idle);
  }

  @Test
  void theRequestOverARateIsToldWhenToComeAgain() throws Exception {
    limit(new Limits(2L, 1000L, null, null, null, null, null, null));
    HttpResponse<String> first = answered(chat(",\"max_completion_tokens\":8"));
    assertThat(first.headers().map())
        .containsEntry("x-ratelimit-limit-requests", List.of("2"))
        .containsEntry("x-ratelimit-remaining-requests", List.of("1"))
        .containsEntry("x-ratelimit-limit-tokens", List.of("1000"))
        .containsEntry("x-ratelimit-remaining-tokens", List.of("980"));
    assertThat(first.headers().firstValue("x-ratelimit-reset-requests").orElse(""))
        .matches("1m0(\\.\\d+)?s|1m1s");
    answered(chat(""));
    HttpResponse<String> third = platform.post(key.secret(), chat(""));
    error(third, 429, "rate_limit_exceeded");
    assertThat(third.headers().firstValue("x-should-retry")).contains("true");
    assertThat(third.headers().firstValueAsLong("retry-after").orElse(0)).isBetween(30L, 62L);
    assertThat(third.headers().firstValue("x-ratelimit-remaining-requests")).contains("0");
  }

  @Test
  void tokensAreReservedAtTheDoorAndGivenBackAtTheEnd() throws Exception {
    limit(new Limits(null, 100L, null, null, null, null, null, null));
    CompletableFuture<HttpResponse<String>> running =
        platform.sendAsync(key.secret(), chat(",\"max_completion_tokens\":60"));
    ScriptedEngine.Running request = engine.nextRequest();
    error(
        platform.post(key.secret(), chat(",\"max_completion_tokens\":20")),
        429,
        "rate_limit_exceeded");
    request.begin().say("four", "words", "and", "out").finish(FinishReason.STOP);
    running.get();
    answered(chat(",\"max_completion_tokens\":60"));
    HttpResponse<String> tooLarge =
        platform.post(key.secret(), chat(",\"max_completion_tokens\":200"));
    error(tooLarge, 429, "rate_limit_exceeded");
    assertThat(tooLarge.headers().firstValue("x-should-retry")).contains("false");
    assertThat(tooLarge.headers().firstValue("retry-after")).isEmpty();
  }

  @Test
  void anAnswerWithoutMaximumIsReservedAndBoundedByTheDefault() throws Exception {
    limit(new Limits(null, 1000L, null, null, null, null, null, null));
    CompletableFuture<HttpResponse<String>> running = platform.sendAsync(key.secret(), chat(""));
    ScriptedEngine.Running request = engine.nextRequest();
    assertThat(request.request().maxTokens()).isEqualTo(50);
    request.begin().finish(FinishReason.STOP);
    assertThat(running.get().headers().firstValue("x-ratelimit-remaining-tokens"))
        .contains(Integer.toString(1000 - PROMPT - 50));
  }

  @Test
  void concurrentRequestsAreCountedUntilTheyAreOver() throws Exception {
    limit(new Limits(null, null, 1L, null, null, null, null, null));
    for (int i = 0; i < 5; i++) {
      CompletableFuture<HttpResponse<String>> running = platform.sendAsync(key.secret(), chat(""));
      ScriptedEngine.Running request = engine.nextRequest();
      HttpResponse<String> second = platform.post(key.secret(), chat(""));
      error(second, 429, "rate_limit_exceeded");
      assertThat(second.headers().firstValue("retry-after")).contains("1");
      request.begin().finish(FinishReason.STOP);
      // Whoever has read the end may come again at once.
      assertThat(running.get().statusCode()).isEqualTo(200);
    }
  }

  @Test
  void aSpentBudgetIsNotWorthRepeating() throws Exception {
    limit(new Limits(null, null, null, null, 40L, null, null, null));
    answered(chat(",\"max_completion_tokens\":20"));
    HttpResponse<String> refused =
        platform.post(key.secret(), chat(",\"max_completion_tokens\":20"));
    error(refused, 429, "insufficient_quota");
    assertThat(refused.headers().firstValue("x-should-retry")).contains("false");
    assertThat(refused.headers().firstValue("retry-after")).isEmpty();
  }

  @Test
  void aBudgetThatRunningRequestsHoldIsWorthRepeating() throws Exception {
    limit(new Limits(null, null, null, null, 40L, null, null, null));
    CompletableFuture<HttpResponse<String>> running =
        platform.sendAsync(key.secret(), chat(",\"max_completion_tokens\":20"));
    ScriptedEngine.Running first = engine.nextRequest();
    HttpResponse<String> refused =
        platform.post(key.secret(), chat(",\"max_completion_tokens\":20"));
    error(refused, 429, "rate_limit_exceeded");
    assertThat(refused.headers().firstValue("x-should-retry")).contains("true");
    assertThat(refused.headers().firstValue("retry-after")).contains("1");
    first.begin().finish(FinishReason.STOP);
    assertThat(running.get().statusCode()).isEqualTo(200);
    // The first used less than was reserved for it.
    answered(chat(",\"max_completion_tokens\":10"));
  }

  @Test
  void aKeysOwnLimitsCountBesideItsTenants() throws Exception {
    limit(new Limits(null, null, null, null, null, null, 30L, null));
    limitKey(new Limits(null, null, null, null, null, 11L, 100L, null));
    HttpResponse<String> output =
        platform.post(key.secret(), chat(",\"max_completion_tokens\":31"));
    error(output, 400, "invalid_value");
    assertThat(json(output).at("/error/param").asString()).isEqualTo("max_completion_tokens");
    HttpResponse<String> input = platform.post(key.secret(), chat(""));
    error(input, 400, "context_length_exceeded");
    assertThat(json(input).at("/error/message").asString()).contains("12", "11");
    limitKey(Limits.NONE);
    CompletableFuture<HttpResponse<String>> running = platform.sendAsync(key.secret(), chat(""));
    ScriptedEngine.Running request = engine.nextRequest();
    assertThat(request.request().maxTokens()).isEqualTo(30);
    request.begin().finish(FinishReason.STOP);
    assertThat(running.get().statusCode()).isEqualTo(200);
  }

  @Test
  void systemMessagesOfClientsAreAppendedOrRefused() throws Exception {
    String body =
        """
        {"model":"default","messages":[{"role":"user","content":"Hi"},\
        {"role":"%s","content":"Be brief."}]}\
        """;
    limit(new Limits(null, null, null, null, null, null, null, ClientSystemMessages.REFUSE));
    for (String role : List.of("system", "developer")) {
      HttpResponse<String> refused = platform.post(key.secret(), body.formatted(role));
      error(refused, 400, "invalid_value");
      assertThat(json(refused).at("/error/param").asString()).isEqualTo("messages[1].role");
    }
    answered(body.formatted("assistant"));
    limit(new Limits(null, null, null, null, null, null, null, ClientSystemMessages.APPEND));
    answered(body.formatted("system"));
  }

  @Test
  void everyWayOutIsSettled() throws Exception {
    limit(new Limits(null, 10_000L, 1L, null, null, null, null, null));
    answered(chat(""));

    CompletableFuture<HttpResponse<String>> failing = platform.sendAsync(key.secret(), chat(""));
    engine.nextRequest().begin().say("a").fail(ErrorCode.INTERNAL, "a device broke");
    assertThat(failing.get().statusCode()).isEqualTo(500);

    CompletableFuture<HttpResponse<String>> draining = platform.sendAsync(key.secret(), chat(""));
    engine.nextRequest().begin().say("a", "b").fail(ErrorCode.DRAINING, "shutting down");
    assertThat(draining.get().statusCode()).isEqualTo(503);

    HttpResponse<Stream<String>> stream =
        platform.open(key.secret(), engine, chat(",\"stream\":true"));
    engine.lastRequest().say("one", "two", "three");
    stream.body().close(); // the client leaves
    assertThat(engine.lastRequest().cancelledWithin(SOON)).isTrue();

    await().atMost(SOON).until(() -> ledger().size() == 4);
    assertThat(ledger())
        .extracting(e -> e.get("finish"))
        .containsExactly("stop", "failed", "drained", "cancelled");
    assertThat(ledger()).extracting(e -> e.get("completion")).containsExactly("0", "1", "2", "3");
    assertThat(ledger())
        .allSatisfy(
            e -> assertThat(e).containsEntry("key", key.id()).containsEntry("prompt", "12"));
    JsonNode state = state();
    assertThat(state.at("/concurrentStreams/used").asInt()).isZero();
    assertThat(state.at("/tokensPerMinute/used").asInt()).isEqualTo(4 * PROMPT + 6);
    assertThat(state.at("/tokensPerDay/used").asInt()).isEqualTo(4 * PROMPT + 6);
  }

  @Test
  void aClientThatLeavesBeforeTheFirstTokenIsSettledToo() throws Exception {
    limit(new Limits(null, null, 1L, null, null, null, null, null));
    CompletableFuture<HttpResponse<InputStream>> leaving =
        platform
            .http()
            .sendAsync(
                platform.chatRequest(key.secret(), chat("")),
                HttpResponse.BodyHandlers.ofInputStream());
    ScriptedEngine.Running request = engine.nextRequest();
    leaving.cancel(true);
    assertThat(request.cancelledWithin(SOON)).isTrue();
    await().atMost(SOON).until(() -> state().at("/concurrentStreams/used").asInt() == 0);
    assertThat(ledger()).extracting(e -> e.get("finish")).containsExactly("cancelled");
  }

  @Test
  void whatTheEngineRefusesCostsNoTokensAndNoStream() throws Exception {
    limit(new Limits(null, 100L, 1L, null, null, null, null, null));
    engine.refuse(new EngineException(ErrorCode.QUEUE_FULL, "the queue is full"));
    error(platform.post(key.secret(), chat(",\"max_completion_tokens\":80")), 429, "slow_down");
    engine.refuse(null);
    await().atMost(SOON).until(() -> state().at("/tokensPerMinute/used").asInt() == 0);
    answered(chat(",\"max_completion_tokens\":80"));
    assertThat(ledger()).hasSize(1);
  }

  private void limit(Limits limits) {
    put(null, limits);
  }

  private void limitKey(Limits limits) {
    put(key.id(), limits);
  }

  private void put(@Nullable String keyId, Limits limits) {
    platform
        .bean(TenantLimits.class)
        .put(Actor.ADMIN, tenant.id(), keyId, limits, IfMatch.WHATEVER)
        .block(SOON);
    // In force when the change feed has said so, which may be a moment after the write.
    await()
        .atMost(SOON)
        .until(() -> {
          var applied =
              Objects.requireNonNull(
                  platform.bean(LimitDirectory.class).of(tenant.id(), key.id()).block(SOON));
          return limits.equals(keyId == null ? applied.tenant() : applied.key());
        });
  }

  private HttpResponse<String> answered(String body) throws Exception {
    CompletableFuture<HttpResponse<String>> answer = platform.sendAsync(key.secret(), body);
    engine.nextRequest().begin().finish(FinishReason.STOP);
    HttpResponse<String> response = answer.get();
    assertThat(response.statusCode()).isEqualTo(200);
    return response;
  }

  private List<Map<Object, Object>> ledger() {
    return Objects.requireNonNull(
        platform
            .bean(ReactiveStringRedisTemplate.class)
            .opsForStream()
            .range(new TenantKeys(tenant.id()).ledger(), Range.unbounded())
            .map(entry -> entry.getValue())
            .collectList()
            .block(SOON));
  }

  private JsonNode state() throws Exception {
    return JsonMapper.shared()
        .readTree(platform.admin("GET", "/admin/v1/tenants/" + tenant.id() + "/limits/state"));
  }

  private static JsonNode json(HttpResponse<String> response) {
    return JsonMapper.shared().readTree(response.body());
  }

  private static void error(HttpResponse<String> response, int status, String code) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    assertThat(json(response).at("/error/code").asString()).isEqualTo(code);
  }
}
