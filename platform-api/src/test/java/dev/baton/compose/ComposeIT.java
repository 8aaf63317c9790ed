package dev.baton.compose;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * {@code docker compose up} as a user runs it: builds the image from the packaged application,
 * starts the platform and its Redis, and uses both over HTTP. Runs where a container engine
 * answers.
 */
final class ComposeIT {
  private static final String ADMIN_TOKEN = "compose-test-0123456789abcdef0123456789abcdef";
  private static final JsonMapper JSON = new JsonMapper();
  private static final HttpClient HTTP =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();

  private static Map<String, String> environment = Map.of();
  private static int port;

  @BeforeAll
  static void up() throws Exception {
    assumeTrue(run(List.of("docker", "info")) == 0, "no container engine answers");
    try (ServerSocket socket = new ServerSocket(0)) {
      port = socket.getLocalPort();
    }
    environment =
        Map.of(
            "BATON_PORT",
            Integer.toString(port),
            "BATON_ADMIN_TOKEN",
            ADMIN_TOKEN,
            "COMPOSE_PROJECT_NAME",
            "baton-it-" + ProcessHandle.current().pid());
    assertThat(compose("up", "-d", "--build")).as("docker compose up").isZero();
    awaitReady();
  }

  @AfterAll
  static void down() throws Exception {
    if (!environment.isEmpty()) {
      compose("logs", "--tail", "40");
      compose("down", "-v", "--timeout", "10");
    }
  }

  @Test
  void anAcknowledgedWriteSurvivesTheDeathOfRedis() throws Exception {
    JsonNode tenant = admin("POST", "/tenants", "{\"name\":\"Compose Test\"}", 201);
    assertThat(compose("kill", "-s", "SIGKILL", "redis")).isZero();
    assertThat(compose("up", "-d", "redis")).isZero();
    awaitReady();

    String path = "/tenants/" + tenant.get("id").asString();
    assertThat(admin("GET", path, null, 200).get("name").asString()).isEqualTo("Compose Test");

    JsonNode key = admin("POST", path + "/keys", "{\"name\":\"test\"}", 201);
    HttpResponse<String> answer =
        send(
            "POST",
            "/v1/chat/completions",
            key.get("secret").asString(),
            "{\"model\":\"default\",\"max_tokens\":4,\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}");
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    assertThat(JSON.readTree(answer.body()).at("/usage/completion_tokens").asInt()).isPositive();
  }

  private static JsonNode admin(String method, String path, @Nullable String body, int expected)
      throws Exception {
    HttpResponse<String> answer = send(method, "/admin/v1" + path, ADMIN_TOKEN, body);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(expected);
    return JSON.readTree(answer.body());
  }

  private static HttpResponse<String> send(
      String method, String path, String token, @Nullable String body) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
            .timeout(Duration.ofSeconds(60))
            .header("authorization", "Bearer " + token)
            .header("content-type", "application/json")
            .method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body))
            .build();
    return HTTP.send(request, BodyHandlers.ofString());
  }

  private static void awaitReady() {
    Awaitility.await("readiness of the platform container")
        .atMost(Duration.ofMinutes(3))
        .pollInterval(Duration.ofMillis(500))
        .ignoreExceptionsMatching(e -> e instanceof IOException)
        .until(() -> send("GET", "/actuator/health/readiness", "", null).statusCode() == 200);
  }

  private static int compose(String... arguments) throws Exception {
    List<String> command = new ArrayList<>();
    if (run(List.of("docker-compose", "version")) == 0) {
      command.add("docker-compose");
    } else {
      command.addAll(List.of("docker", "compose"));
    }
    command.addAll(List.of(arguments));
    return run(command);
  }

  private static int run(List<String> command) throws InterruptedException {
    try {
      ProcessBuilder builder =
          new ProcessBuilder(command).directory(root().toFile()).redirectErrorStream(true);
      builder.environment().putAll(environment);
      Process process = builder.start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (!process.waitFor(10, TimeUnit.MINUTES)) {
        process.destroyForcibly();
        return -1;
      }
      if (process.exitValue() != 0 || command.contains("logs")) {
        System.out.println(String.join(" ", command) + "\n" + output);
      }
      return process.exitValue();
    } catch (IOException e) {
      return -1; // the program is not there
    }
  }

  private static Path root() {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.exists(folder.resolve("docker-compose.yml"))) {
      folder = Objects.requireNonNull(folder.getParent(), "not inside Baton's sources");
    }
    return folder;
  }
}
