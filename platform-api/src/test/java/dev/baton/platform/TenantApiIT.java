package dev.baton.platform;

import static dev.baton.platform.PlatformUnderTest.chat;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.admin.apikey.IssuedKey;
import dev.baton.admin.tenant.Tenant;
import dev.baton.engine.ChatMessage;
import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.FinishReason;
import dev.baton.engine.GenerationRequest;
import dev.baton.platform.serve.TestRedis;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What goes over the wire of the tenant API, with an engine whose every event a test decides. */
@Timeout(60)
class TenantApiIT {
  private static final JsonMapper JSON = JsonMapper.shared();
  private static final Duration SOON = Duration.ofSeconds(5);

  private static TestRedis redis;
  private static ScriptedEngine engine;
  private static PlatformUnderTest platform;
  private static Tenant tenant;
  private static String key;

  @BeforeAll
  static void start() throws IOException {
    redis = TestRedis.start();
    engine = new ScriptedEngine();
    platform =
        PlatformUnderTest.start(
            engine,
            redis,
            Map.of("baton.chat.keep-alive", "100ms", "baton.chat.stream-buffer", 64));
    tenant = platform.createTenant("Wire");
    key = platform.issueKey(tenant).secret();
  }

  @AfterAll
  static void stop() {
    platform.close();
    engine.close();
    redis.close();
  }

  @AfterEach
  void nothingIsLeftInTheEngine() {
    engine.refuse(null);
    // A cancel is seen before the cancelled request has left.
    Awaitility.await().atMost(SOON).until(engine::idle);
  }

  @Test
  void streamsChunksInTheOrderSdksExpect() throws Exception {
    HttpResponse<Stream<String>> response =
        scripted(chat(",\"stream\":true,\"stream_options\":{\"include_usage\":true}"), "Hel", "lo");
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(header(response, "content-type")).startsWith("text/event-stream");
    assertThat(header(response, "cache-control")).isEqualTo("no-cache");
    assertThat(header(response, "x-accel-buffering")).isEqualTo("no");
    assertThat(header(response, "x-request-id")).startsWith("req_");
    List<String> data = data(response);
    assertThat(data.getLast()).isEqualTo("[DONE]");
    List<JsonNode> chunks = data.subList(0, data.size() - 1).stream().map(JSON::readTree).toList();
    assertThat(chunks).hasSize(5);
    assertThat(chunks).extracting(c -> c.path("id").asString()).containsOnly(id(chunks));
    assertThat(chunks)
        .extracting(c -> c.path("object").asString())
        .containsOnly("chat.completion.chunk");
    assertThat(chunks).extracting(c -> c.path("model").asString()).containsOnly("scripted");
    assertThat(delta(chunks.get(0)).path("role").asString()).isEqualTo("assistant");
    assertThat(delta(chunks.get(1)).path("content").asString()).isEqualTo("Hel");
    assertThat(delta(chunks.get(2)).path("content").asString()).isEqualTo("lo");
    assertThat(delta(chunks.get(2)).has("role")).isFalse();
    assertThat(chunks.get(3).path("choices").path(0).path("finish_reason").asString())
        .isEqualTo("stop");
    assertThat(chunks.get(4).path("choices").size()).isZero();
    assertThat(chunks.get(4).path("usage").path("total_tokens").asInt()).isEqualTo(14);
  }

  @Test
  void sendsNoUsageChunkUnasked() throws Exception {
    List<String> data = data(scripted(chat(",\"stream\":true"), "Hi"));
    assertThat(data).hasSize(4).noneMatch(line -> line.contains("\"usage\""));
  }

  @Test
  void answersWholeWithUsageAndLogprobs() throws Exception {
    CompletableFuture<HttpResponse<String>> answer =
        sendAsync(chat(",\"logprobs\":true,\"top_logprobs\":1"));
    engine.nextRequest().begin().say("Grüß", " Gott").finish(FinishReason.LENGTH);
    JsonNode body = JSON.readTree(answer.get().body());
    JsonNode choice = body.path("choices").path(0);
    assertThat(body.path("object").asString()).isEqualTo("chat.completion");
    assertThat(choice.path("message").path("content").asString()).isEqualTo("Grüß Gott");
    assertThat(choice.path("finish_reason").asString()).isEqualTo("length");
    JsonNode first = choice.path("logprobs").path("content").path(0);
    assertThat(first.path("token").asString()).isEqualTo("Grüß");
    assertThat(first.path("bytes").path(2).asInt()).isEqualTo(0xc3);
    assertThat(first.path("top_logprobs").size()).isEqualTo(1);
    assertThat(body.path("usage").path("prompt_tokens_details").path("cached_tokens").asInt())
        .isZero();
  }

  @Test
  void passesMessagesAndSamplingToTheEngine() throws Exception {
    CompletableFuture<HttpResponse<String>> answer =
        sendAsync(
            """
            {"model":"scripted","max_tokens":7,"temperature":0,"seed":5,"stop":["END"],"top_k":9,
            "messages":[{"role":"developer","content":"Be brief."},{"role":"user","content":"Hi"}]}
            """);
    ScriptedEngine.Running running = engine.nextRequest();
    GenerationRequest request = running.request();
    running.begin().finish(FinishReason.STOP);
    assertThat(answer.get().statusCode()).isEqualTo(200);
    assertThat(request.tenantId()).isEqualTo(tenant.id());
    assertThat(((GenerationRequest.Chat) request.input()).messages())
        .containsExactly(new ChatMessage("system", "Be brief."), new ChatMessage("user", "Hi"));
    assertThat(request.maxTokens()).isEqualTo(7);
    assertThat(request.stop()).containsExactly("END");
    assertThat(request.sampling().temperature()).isZero();
    assertThat(request.sampling().topK()).isEqualTo(9);
    assertThat(request.sampling().seed()).isEqualTo(5);
  }

  @Test
  void keepsAStreamAliveWhileItsRequestWaits() throws Exception {
    HttpResponse<Stream<String>> response = platform.open(key, chat(",\"stream\":true"));
    Iterator<String> lines = response.body().iterator();
    assertThat(lines.next()).isEqualTo(": keep-alive");
    engine.nextRequest().begin().finish(FinishReason.STOP);
    String last = "";
    while (lines.hasNext()) {
      String line = lines.next();
      last = line.isEmpty() ? last : line;
    }
    assertThat(last).isEqualTo("data: [DONE]");
  }

  @Test
  void answersWithAStatusWhenAStreamFailsBeforeItsFirstByte() throws Exception {
    CompletableFuture<HttpResponse<String>> answer = sendAsync(chat(",\"stream\":true"));
    engine.nextRequest().fail(ErrorCode.MEMORY_FULL, "no room");
    HttpResponse<String> response = answer.get();
    assertThat(response.statusCode()).isEqualTo(503);
    assertThat(header(response, "content-type")).startsWith("application/json");
    assertThat(error(response).path("code").asString()).isEqualTo("server_is_overloaded");
  }

  @Test
  void endsAStreamWithAnErrorEventWhenItFailsAfterItsFirstByte() throws Exception {
    HttpResponse<Stream<String>> response = platform.open(key, chat(",\"stream\":true"));
    engine.nextRequest().begin().say("Hel").fail(ErrorCode.INTERNAL, "the device is gone");
    List<String> data = data(response);
    JsonNode last = JSON.readTree(data.getLast());
    assertThat(last.path("error").path("type").asString()).isEqualTo("server_error");
    assertThat(data).doesNotContain("[DONE]");
  }

  @Test
  void tellsWhenToComeBackWhenTheQueueIsFull() throws Exception {
    engine.refuse(
        new EngineException(
            ErrorCode.QUEUE_FULL, "256 requests wait", null, Duration.ofMillis(1500)));
    HttpResponse<String> response = platform.post(key, chat(",\"stream\":true"));
    assertThat(response.statusCode()).isEqualTo(429);
    assertThat(header(response, "retry-after")).isEqualTo("2");
    assertThat(header(response, "x-should-retry")).isEqualTo("true");
    assertThat(error(response).path("code").asString()).isEqualTo("slow_down");
  }

  @Test
  void mapsAPromptThatIsTooLongToContextLengthExceeded() throws Exception {
    engine.refuse(new EngineException(ErrorCode.CONTEXT_LENGTH_EXCEEDED, "5000 of 4096 tokens"));
    HttpResponse<String> response = platform.post(key, chat(""));
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(error(response).path("code").asString()).isEqualTo("context_length_exceeded");
    assertThat(error(response).path("param").asString()).isEqualTo("messages");
    assertThat(header(response, "x-should-retry")).isEqualTo("false");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ",\"stream\":true"})
  void cancelsTheGenerationWhenItsClientGoesAway(String fields) throws Exception {
    try (Socket socket = rawPost(chat(fields))) {
      ScriptedEngine.Running running = engine.nextRequest();
      running.begin();
      socket.close();
      assertThat(running.cancelledWithin(SOON)).isTrue();
    }
  }

  @Test
  void cancelsTheGenerationOfAReaderThatDoesNotRead() throws Exception {
    try (Socket socket = rawPost(chat(",\"stream\":true"))) {
      ScriptedEngine.Running running = engine.nextRequest();
      running.begin();
      String word = "x".repeat(64 * 1024);
      int said = 0;
      while (!running.cancelledWithin(Duration.ofMillis(1)) && said < 2000) {
        running.say(word);
        said++;
      }
      assertThat(running.cancelledWithin(SOON)).isTrue();
    }
  }

  @Test
  void refusesEveryKindOfBadKeyInTheSameWords() throws Exception {
    IssuedKey revoked = platform.issueKey(tenant);
    platform.revoke(tenant, revoked.id());
    HttpResponse<String> missing =
        platform.send(HttpRequest.newBuilder(platform.url().resolve("/v1/models")).build());
    for (String bad : List.of("nonsense", key + "x", revoked.secret())) {
      HttpResponse<String> refused = platform.send(platform.request("/v1/models", bad).build());
      assertThat(refused.statusCode()).isEqualTo(401);
      assertThat(refused.body()).isEqualTo(missing.body()).doesNotContain(bad);
    }
    assertThat(error(missing).path("code").asString()).isEqualTo("invalid_api_key");
    assertThat(header(missing, "www-authenticate")).isEqualTo("Bearer");
  }

  @Test
  void refusesASuspendedTenantUntilItIsResumed() throws Exception {
    Tenant other = platform.createTenant("Suspended");
    String otherKey = platform.issueKey(other).secret();
    platform.admin("POST", "/admin/v1/tenants/" + other.id() + "/suspend");
    HttpResponse<String> refused = platform.post(otherKey, chat(""));
    assertThat(refused.statusCode()).isEqualTo(403);
    assertThat(error(refused).path("type").asString()).isEqualTo("permission_denied");
    platform.admin("POST", "/admin/v1/tenants/" + other.id() + "/resume");
    assertThat(platform.send(platform.request("/v1/models", otherKey).build()).statusCode())
        .isEqualTo(200);
  }

  @Test
  void listsTheServedModel() throws Exception {
    JsonNode list =
        JSON.readTree(platform.send(platform.request("/v1/models", key).build()).body());
    assertThat(list.path("data").path(0).path("id").asString()).isEqualTo("scripted");
    HttpResponse<String> one = platform.send(platform.request("/v1/models/scripted", key).build());
    assertThat(JSON.readTree(one.body()).path("object").asString()).isEqualTo("model");
    HttpResponse<String> none = platform.send(platform.request("/v1/models/gpt/9", key).build());
    assertThat(none.statusCode()).isEqualTo(404);
    assertThat(error(none).path("code").asString()).isEqualTo("model_not_found");
  }

  @Test
  void refusesWhatIsNotThere() throws Exception {
    assertThat(platform.send(platform.request("/v1/embeddings", key).build()).statusCode())
        .isEqualTo(404);
    HttpResponse<String> wrongMethod =
        platform.send(platform.request("/v1/chat/completions", key).build());
    assertThat(wrongMethod.statusCode()).isEqualTo(405);
    assertThat(error(wrongMethod).path("code").asString()).isEqualTo("method_not_allowed");
    HttpResponse<String> form =
        platform.send(
            platform
                .request("/v1/chat/completions", key)
                .header("Content-Type", "text/plain")
                .POST(HttpRequest.BodyPublishers.ofString(chat("")))
                .build());
    assertThat(form.statusCode()).isEqualTo(415);
    assertThat(platform.post(key, chat("").replace("default", "gpt-9")).statusCode())
        .isEqualTo(404);
  }

  @Test
  void refusesBadBodiesAndNamesTheField() throws Exception {
    HttpResponse<String> negative = platform.post(key, chat(",\"temperature\":-1"));
    assertThat(negative.statusCode()).isEqualTo(400);
    assertThat(error(negative).path("param").asString()).isEqualTo("temperature");
    HttpResponse<String> broken = platform.post(key, "{\"model\":");
    assertThat(broken.statusCode()).isEqualTo(400);
    assertThat(error(broken).path("code").asString()).isEqualTo("invalid_json");
    HttpResponse<String> empty = platform.post(key, "");
    assertThat(empty.statusCode()).isEqualTo(400);
    HttpResponse<String> bias = platform.post(key, chat(",\"logit_bias\":{\"99999\":1}"));
    assertThat(error(bias).path("param").asString()).isEqualTo("logit_bias");
  }

  /** One request can not make the server hold or compare more than a bounded list. */
  @Test
  void refusesListsThatAreTooLongAndNamesThem() throws Exception {
    HttpResponse<String> stops =
        platform.post(key, chat(",\"stop\":[\"a\",\"b\",\"c\",\"d\",\"e\"]"));
    assertThat(stops.statusCode()).as(stops.body()).isEqualTo(400);
    assertThat(error(stops).path("param").asString()).isEqualTo("stop");
    String biases =
        IntStream.range(0, 1025)
            .mapToObj(token -> "\"" + token + "\":1")
            .collect(Collectors.joining(","));
    HttpResponse<String> bias = platform.post(key, chat(",\"logit_bias\":{" + biases + "}"));
    assertThat(bias.statusCode()).as(bias.body()).isEqualTo(400);
    assertThat(error(bias).path("param").asString()).isEqualTo("logit_bias");
    assertThat(error(bias).path("message").asString()).contains("1024");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void refusesBodiesOverTheLimitWithOrWithoutALength(boolean lengthKnown) throws Exception {
    byte[] body =
        chat(",\"user\":\"" + "x".repeat(1 << 20) + "\"").getBytes(StandardCharsets.UTF_8);
    HttpRequest.BodyPublisher publisher =
        lengthKnown
            ? HttpRequest.BodyPublishers.ofByteArray(body)
            : HttpRequest.BodyPublishers.ofInputStream(
                () -> new java.io.ByteArrayInputStream(body));
    HttpResponse<String> response =
        platform.send(
            platform
                .request("/v1/chat/completions", key)
                .header("Content-Type", "application/json")
                .POST(publisher)
                .build());
    assertThat(response.statusCode()).isEqualTo(413);
    assertThat(error(response).path("code").asString()).isEqualTo("request_too_large");
  }

  @Test
  void takesABodyJustUnderTheLimit() throws Exception {
    CompletableFuture<HttpResponse<String>> answer =
        sendAsync(chat(",\"user\":\"" + "x".repeat((1 << 20) - 200) + "\""));
    engine.nextRequest().begin().finish(FinishReason.STOP);
    assertThat(answer.get().statusCode()).isEqualTo(200);
  }

  @Test
  void servesHealthMetricsAndBothApiDocuments() throws Exception {
    for (String path :
        List.of(
            "/actuator/health/liveness",
            "/actuator/health/readiness",
            "/actuator/prometheus",
            "/v3/api-docs/tenant",
            "/v3/api-docs/admin",
            "/console/")) {
      assertThat(platform.send(platform.request(path, "none").build()).statusCode())
          .as(path)
          .isEqualTo(200);
    }
    String metrics = platform.send(platform.request("/actuator/prometheus", "none").build()).body();
    assertThat(metrics)
        .contains("baton_engine_kv_blocks", "baton_engine_relay_saved_bytes_total")
        .doesNotContain(tenant.id());
  }

  private static HttpResponse<Stream<String>> scripted(String body, String... words)
      throws Exception {
    CompletableFuture<HttpResponse<Stream<String>>> response =
        platform
            .http()
            .sendAsync(platform.chatRequest(key, body), HttpResponse.BodyHandlers.ofLines());
    engine.nextRequest().begin().say(words).finish(FinishReason.STOP);
    return response.get();
  }

  private static CompletableFuture<HttpResponse<String>> sendAsync(String body) {
    return platform
        .http()
        .sendAsync(platform.chatRequest(key, body), HttpResponse.BodyHandlers.ofString());
  }

  /** A client that can be cut off, or that does not read. */
  private static Socket rawPost(String body) throws IOException {
    Socket socket = new Socket("127.0.0.1", platform.url().getPort());
    byte[] content = body.getBytes(StandardCharsets.UTF_8);
    String head =
        """
        POST /v1/chat/completions HTTP/1.1\r
        Host: localhost\r
        Authorization: Bearer %s\r
        Content-Type: application/json\r
        Content-Length: %d\r
        \r
        """
            .formatted(key, content.length);
    socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
    socket.getOutputStream().write(content);
    InputStream unread = socket.getInputStream();
    assertThat(unread).isNotNull();
    return socket;
  }

  private static List<String> data(HttpResponse<Stream<String>> response) {
    return response
        .body()
        .filter(line -> line.startsWith("data: "))
        .map(line -> line.substring("data: ".length()))
        .toList();
  }

  private static String id(List<JsonNode> chunks) {
    String id = chunks.getFirst().path("id").asString();
    assertThat(id).startsWith("chatcmpl-");
    return id;
  }

  private static JsonNode delta(JsonNode chunk) {
    return chunk.path("choices").path(0).path("delta");
  }

  private static JsonNode error(HttpResponse<String> response) {
    return JSON.readTree(response.body()).path("error");
  }

  private static String header(HttpResponse<?> response, String name) {
    return response.headers().firstValue(name).orElse("");
  }
}
