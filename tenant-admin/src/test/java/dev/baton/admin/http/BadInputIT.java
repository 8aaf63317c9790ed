package dev.baton.admin.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.admin.AdminNode;
import dev.baton.admin.audit.Actor;
import dev.baton.admin.tenant.Tenants;
import dev.baton.testing.RedisServer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.http.MediaType;
import org.springframework.test.web.reactive.server.WebTestClient;

class BadInputIT {
  @RegisterExtension static final RedisServer REDIS = RedisServer.durable();

  private static AdminNode node;
  private static AdminNode withoutEngine;
  private static String tenant;

  @BeforeAll
  static void start() {
    node = AdminNode.start(REDIS);
    withoutEngine = AdminNode.startWithoutEngine(REDIS);
    tenant =
        Objects.requireNonNull(node.bean(Tenants.class).create(Actor.ADMIN, "Any").block()).id();
  }

  @AfterAll
  static void stop() {
    node.close();
    withoutEngine.close();
  }

  @Test
  void withoutTheTokenEverythingIs401InTheSameWords() {
    String missing = problem(node.anonymous().get().uri("/admin/v1/tenants").exchange(), 401);
    for (String header :
        new String[] {"Bearer wrong", "Bearer ", "Basic eDp4", "Bearer " + AdminNode.TOKEN + "x"}) {
      assertThat(
              problem(
                  node.anonymous()
                      .get()
                      .uri("/admin/v1/tenants")
                      .header("authorization", header)
                      .exchange(),
                  401))
          .isEqualTo(missing);
    }
    problem(node.anonymous().get().uri("/admin/v1/no-such-thing").exchange(), 401);
    problem(node.anonymous().post().uri("/admin/v1/tenants").exchange(), 401);
  }

  @Test
  void wrongAddressesMethodsAndTypesAreProblems() {
    problem(node.admin().get().uri("/admin/v1/no-such-thing").exchange(), 404);
    problem(node.admin().get().uri("/admin").exchange(), 404);
    node.admin()
        .delete()
        .uri("/admin/v1/tenants")
        .exchange()
        .expectStatus()
        .isEqualTo(405)
        .expectHeader()
        .exists("allow");
    problem(
        node.admin()
            .post()
            .uri("/admin/v1/tenants")
            .contentType(MediaType.TEXT_PLAIN)
            .bodyValue("name")
            .exchange(),
        415);
    problem(
        node.admin()
            .get()
            .uri("/admin/v1/tenants?limit=0")
            .accept(MediaType.TEXT_EVENT_STREAM)
            .exchange(),
        400);
    for (String query : new String[] {"limit=201", "limit=x", "cursor=x", "limit=-1"}) {
      problem(node.admin().get().uri("/admin/v1/tenants?" + query).exchange(), 400);
    }
    problem(node.admin().get().uri("/admin/v1/audit?cursor=1-2").exchange(), 400);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"nmae\":\"x\"}                     | nmae is not a field here; known are name.",
        "{\"name\":\"x\",\"status\":\"ACTIVE\"} | status is not a field here; known are name.",
        "{\"name\":7}                         | name has a value of the wrong type.",
        "{\"name\":true}                      | name has a value of the wrong type.",
        "{\"name\":{\"a\":1}}                 | name has a value of the wrong type.",
        "{\"name\":null}                      | name is missing.",
        "{}                                   | name is missing.",
        "[]                                   | The body must be one JSON object.",
        "\"x\"                                | The body must be one JSON object.",
        "null                                 | The body must be a JSON object, not null.",
        "{\"name\":\"x\"                      | The body is not valid JSON, at line 1, column",
        "{\"name\":\"x\"} {}                  | The body",
        "{\"name\":\"x\",\"name\":\"y\"}      | The body is not valid JSON",
        "not json                             | The body is not valid JSON, at line 1, column",
      })
  void badBodiesNameWhatIsWrong(String body, String words) {
    assertThat(problem(postTenant(body.getBytes(StandardCharsets.UTF_8)), 400)).contains(words);
  }

  @Test
  void invalidTextIsRefusedNotReplaced() {
    byte[] latin1 = "{\"text\":\"f\u00fcr\"}".getBytes(StandardCharsets.ISO_8859_1);
    assertThat(problem(postPrompt(latin1), 400)).contains("not valid UTF-8");
    assertThat(problem(postPrompt("{\"text\":\"a\\ud800b\"}"), 400)).contains("surrogate");
    assertThat(problem(postPrompt("{\"text\":\"a\\u0000b\"}"), 400)).contains("U+0000");
    assertThat(problem(postPrompt("{\"text\":\"  \\n \"}"), 400))
        .contains("text must not be blank");
    assertThat(
            problem(postPrompt("{\"text\":\"x\",\"message\":\"" + "y".repeat(1001) + "\"}"), 400))
        .contains("message must have at most 1000");
  }

  /**
   * Whatever people name: no second line for a header or a log, nothing that turns writing round.
   */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "/keys    | name   | {\"name\":\"%s\"}",
        "/drafts  | title  | {\"title\":\"%s\",\"text\":\"x\"}",
        "/prompts | author | {\"author\":\"%s\",\"text\":\"x\"}",
      })
  void namesThatHideSomethingAreRefusedEverywhere(String path, String field, String body) {
    for (String hidden :
        new String[] {"a\\r\\nSet-Cookie: x", "a\\u202eb", "a\\u2066b", "\\u200d"}) {
      byte[] sent = body.formatted(hidden).getBytes(StandardCharsets.UTF_8);
      assertThat(problem(post("/admin/v1/tenants/" + tenant + path, sent), 400))
          .contains("\"field\":\"" + field + "\"")
          .doesNotContain("Set-Cookie");
    }
  }

  @Test
  void bodiesAreTakenUpToTheirLimitAndRefusedBeyond() {
    String frame = "{\"text\":\"\"}";
    int room = (1 << 20) - frame.length();
    // All of it is read: what refuses it is the model's context.
    problem(postPrompt(frame.replace("\"\"", "\"" + "x".repeat(room) + "\"")), 422);
    assertThat(problem(postPrompt(frame.replace("\"\"", "\"" + "x".repeat(room + 1) + "\"")), 413))
        .contains("\"limitBytes\":1048576");
    problem(
        postTenant(("{\"name\":\"" + "x".repeat(70_000) + "\"}").getBytes(StandardCharsets.UTF_8)),
        413);
    problem(postTenant("[".repeat(50_000).getBytes(StandardCharsets.UTF_8)), 400);
  }

  @Test
  void randomBytesAreNeverAServerError() {
    Random random = new Random(7);
    byte[] seed = "{\"name\":\"Some name\"}".getBytes(StandardCharsets.UTF_8);
    for (int i = 0; i < 200; i++) {
      byte[] body = Arrays.copyOf(seed, 1 + random.nextInt(seed.length));
      for (int j = random.nextInt(4); j >= 0; j--) {
        body[random.nextInt(body.length)] = (byte) random.nextInt(256);
      }
      postTenant(body).expectStatus().value(status -> assertThat(status).isLessThan(500));
    }
  }

  @Test
  void withoutAnEngineItIsSaidWhatIsMissing() {
    for (String path : new String[] {"/admin/v1/engine", "/admin/v1/residency"}) {
      assertThat(problem(withoutEngine.admin().get().uri(path).exchange(), 503))
          .contains("no inference engine");
    }
    withoutEngine
        .admin()
        .post()
        .uri("/admin/v1/tenants/" + tenant + "/prompts")
        .contentType(MediaType.APPLICATION_JSON)
        .bodyValue("{\"text\":\"Kept without its cost.\"}")
        .exchange()
        .expectStatus()
        .isCreated()
        .expectBody()
        .jsonPath("$.tokens")
        .isEmpty();
    for (String action : new String[] {"activate", "warm"}) {
      problem(
          withoutEngine
              .admin()
              .post()
              .uri("/admin/v1/tenants/" + tenant + "/prompts/v1/" + action)
              .exchange(),
          503);
    }
  }

  private static WebTestClient.ResponseSpec postTenant(byte[] body) {
    return post("/admin/v1/tenants", body);
  }

  private static WebTestClient.ResponseSpec postPrompt(String body) {
    return postPrompt(body.getBytes(StandardCharsets.UTF_8));
  }

  private static WebTestClient.ResponseSpec postPrompt(byte[] body) {
    return post("/admin/v1/tenants/" + tenant + "/prompts", body);
  }

  private static WebTestClient.ResponseSpec post(String path, byte[] body) {
    return node.admin()
        .post()
        .uri(path)
        .contentType(MediaType.APPLICATION_JSON)
        .bodyValue(body)
        .exchange();
  }

  /** The document, after a check that it is one and shows no inner workings. */
  private static String problem(WebTestClient.ResponseSpec response, int status) {
    byte[] body =
        response
            .expectStatus()
            .isEqualTo(status)
            .expectHeader()
            .contentType(MediaType.APPLICATION_PROBLEM_JSON)
            .expectBody()
            .jsonPath("$.status")
            .isEqualTo(status)
            .jsonPath("$.detail")
            .isNotEmpty()
            .returnResult()
            .getResponseBody();
    String text = new String(Objects.requireNonNull(body), StandardCharsets.UTF_8);
    assertThat(text).doesNotContain("Exception", "dev.baton", "springframework", "trace\"");
    return text;
  }
}
