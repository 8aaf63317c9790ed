package dev.baton.admin.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.admin.AdminNode;
import dev.baton.admin.tenant.Tenant;
import dev.baton.testing.RedisServer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.data.redis.core.ReactiveStringRedisTemplate;
import org.springframework.http.MediaType;
import org.springframework.test.web.reactive.server.EntityExchangeResult;
import org.springframework.test.web.reactive.server.WebTestClient;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** Edits that meet and requests that come twice. */
class ConcurrencyApiIT {
  @RegisterExtension static final RedisServer REDIS = RedisServer.durable();

  private static AdminNode node;

  @BeforeAll
  static void start() {
    node = AdminNode.start(REDIS);
  }

  @AfterAll
  static void stop() {
    node.close();
  }

  @Test
  void aChangeNeedsTheStateItIsMadeOn() {
    EntityExchangeResult<Tenant> created = create("Edited", UUID.randomUUID().toString());
    String id = tenant(created).id();
    String tag = Objects.requireNonNull(created.getResponseHeaders().getETag());
    rename(id, null, "Edited 2").expectStatus().isEqualTo(428);
    rename(id, "\"0000000000000000\"", "Edited 2").expectStatus().isEqualTo(412);
    rename(id, "W/" + tag, "Edited 2").expectStatus().isEqualTo(412);
    rename(id, "no tag", "Edited 2").expectStatus().isBadRequest();
    rename(id, "\"other\", " + tag, "Edited 2")
        .expectStatus()
        .isOk()
        .expectHeader()
        .value("etag", now -> assertThat(now).isNotEqualTo(tag));
    rename(id, tag, "Edited 3").expectStatus().isEqualTo(412);
    rename(id, "*", "Edited 3").expectStatus().isOk();
    // The name that a refused change had asked for is free.
    create("Edited 2", UUID.randomUUID().toString());
  }

  @Test
  void aReadThatNamesThePresentStateIsNotAnsweredAgain() {
    EntityExchangeResult<Tenant> created = create("Read twice", UUID.randomUUID().toString());
    node.admin()
        .get()
        .uri("/admin/v1/tenants/{id}", tenant(created).id())
        .header("If-None-Match", Objects.requireNonNull(created.getResponseHeaders().getETag()))
        .exchange()
        .expectStatus()
        .isNotModified();
  }

  @Test
  void ofManyEditsOnTheSameStateOneWins() {
    EntityExchangeResult<Tenant> created = create("Contended", UUID.randomUUID().toString());
    String id = tenant(created).id();
    String tag = Objects.requireNonNull(created.getResponseHeaders().getETag());
    List<Integer> answers =
        Flux.range(0, 8)
            .flatMap(i ->
                Mono.fromSupplier(() -> status(rename(id, tag, "Contended " + i)))
                    .subscribeOn(Schedulers.boundedElastic()))
            .collectList()
            .block();
    assertThat(answers).hasSize(8).containsOnlyOnce(200).contains(412);
  }

  @Test
  void aRepeatedRequestGetsTheFirstAnswerAndDoesNothing() {
    String key = UUID.randomUUID().toString();
    EntityExchangeResult<Tenant> first = create("Once", key);
    EntityExchangeResult<Tenant> again = create("Once", key);
    assertThat(again.getResponseBody()).isEqualTo(first.getResponseBody());
    assertThat(again.getResponseHeaders().getLocation())
        .isEqualTo(first.getResponseHeaders().getLocation());
    assertThat(again.getResponseHeaders().getETag())
        .isEqualTo(first.getResponseHeaders().getETag());
    assertThat(again.getResponseHeaders().getFirst("idempotency-replayed")).isEqualTo("true");
    assertThat(first.getResponseHeaders().getFirst("idempotency-replayed")).isNull();
    post(key, "{\"name\":\"Twice\"}")
        .expectStatus()
        .isEqualTo(422)
        .expectBody()
        .jsonPath("$.type")
        .isEqualTo("urn:baton:problem:idempotency-key-reused");
    post("short", "{\"name\":\"Twice\"}").expectStatus().isBadRequest();
  }

  @Test
  void whatFailedMayBeTriedAgainWithTheSameKey() {
    String key = UUID.randomUUID().toString();
    post(key, "{\"name\":\"\"}").expectStatus().isBadRequest();
    create("Second try", key);
  }

  @Test
  void manyCopiesAtOnceMakeOneTenant() {
    String key = UUID.randomUUID().toString();
    List<Integer> answers =
        Flux.fromStream(IntStream.range(0, 8).boxed())
            .flatMap(i ->
                Mono.fromSupplier(() -> status(post(key, "{\"name\":\"Copied\"}")))
                    .subscribeOn(Schedulers.boundedElastic()))
            .collectList()
            .block();
    assertThat(answers).isSubsetOf(201, 409).contains(201);
  }

  @Test
  void theStoreDoesNotGiveAwayAKeyThatWasIssuedIdempotently() {
    String id = tenant(create("Sealed", UUID.randomUUID().toString())).id();
    String key = UUID.randomUUID().toString();
    String secret = issue(id, key);
    assertThat(issue(id, key)).isEqualTo(secret);
    ReactiveStringRedisTemplate redis = node.bean(ReactiveStringRedisTemplate.class);
    List<String> stored =
        redis
            .keys("baton:idempotency:*")
            .flatMap(name -> redis.<String, String>opsForHash().values(name))
            .collectList()
            .block();
    assertThat(stored).isNotEmpty().noneMatch(value -> value.contains(secret));
    assertThat(redis.keys("*" + key + "*").collectList().block()).isEmpty();
  }

  @Test
  void aMarkWhoseWriterDiedGoesByItself() {
    try (AdminNode hasty = AdminNode.start(REDIS, "baton.admin.idempotency-lock=300ms")) {
      ReactiveStringRedisTemplate redis = hasty.bean(ReactiveStringRedisTemplate.class);
      String key = UUID.randomUUID().toString();
      REDIS.freeze();
      hasty
          .admin()
          .post()
          .uri("/admin/v1/tenants")
          .header("Idempotency-Key", key)
          .contentType(MediaType.APPLICATION_JSON)
          .bodyValue("{\"name\":\"Frozen\"}")
          .exchange()
          .expectStatus()
          .isEqualTo(503);
      REDIS.thaw();
      await()
          .atMost(Duration.ofSeconds(40))
          .untilAsserted(() ->
              hasty
                  .admin()
                  .post()
                  .uri("/admin/v1/tenants")
                  .header("Idempotency-Key", key)
                  .contentType(MediaType.APPLICATION_JSON)
                  .bodyValue("{\"name\":\"Frozen\"}")
                  .exchange()
                  .expectStatus()
                  .isCreated());
      assertThat(redis.keys("baton:idempotency:*").collectList().block()).isNotEmpty();
    }
  }

  private static String issue(String tenant, String key) {
    Map<?, ?> issued =
        node.admin()
            .post()
            .uri("/admin/v1/tenants/{id}/keys", tenant)
            .header("Idempotency-Key", key)
            .bodyValue(Map.of("name", "sealed"))
            .exchange()
            .expectStatus()
            .isCreated()
            .expectBody(Map.class)
            .returnResult()
            .getResponseBody();
    return String.valueOf(Objects.requireNonNull(issued).get("secret"));
  }

  private static EntityExchangeResult<Tenant> create(String name, String key) {
    return post(key, "{\"name\":\"" + name + "\"}")
        .expectStatus()
        .isCreated()
        .expectBody(Tenant.class)
        .returnResult();
  }

  private static Tenant tenant(EntityExchangeResult<Tenant> created) {
    return Objects.requireNonNull(created.getResponseBody());
  }

  private static WebTestClient.ResponseSpec post(String key, String body) {
    return node.admin()
        .post()
        .uri("/admin/v1/tenants")
        .header("Idempotency-Key", key)
        .contentType(MediaType.APPLICATION_JSON)
        .bodyValue(body)
        .exchange();
  }

  private static WebTestClient.ResponseSpec rename(
      String id, @Nullable String ifMatch, String name) {
    WebTestClient.RequestBodySpec request = node.admin().patch().uri("/admin/v1/tenants/{id}", id);
    if (ifMatch != null) {
      request.header("If-Match", ifMatch);
    }
    return request.bodyValue(Map.of("name", name)).exchange();
  }

  private static int status(WebTestClient.ResponseSpec response) {
    return response.returnResult(Void.class).getStatus().value();
  }
}
