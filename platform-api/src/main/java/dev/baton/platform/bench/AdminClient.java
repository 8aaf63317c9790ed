package dev.baton.platform.bench;

import dev.baton.engine.cli.Terminal;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.MissingNode;

/** Makes the tenants of a benchmark through the admin API, as any operator would. */
final class AdminClient implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofMinutes(5);
  private static final long POLL_NANOS = Duration.ofMillis(100).toNanos();

  private final JsonMapper json = JsonMapper.shared();
  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(10))
          .build();
  private final URI url;
  private final String token;

  AdminClient(URI url, String token) {
    this.url = url;
    this.token = token;
  }

  /** A tenant with a key of its own. */
  record MadeTenant(String id, String key) {
    @Override
    public String toString() {
      return "MadeTenant[" + id + "]";
    }
  }

  MadeTenant tenant(String name) {
    String id = post("/tenants", Map.of("name", name)).path("id").asString();
    String key =
        post("/tenants/" + id + "/keys", Map.of("name", "bench")).path("secret").asString();
    return new MadeTenant(id, key);
  }

  /** Tokens of a system prompt as the engine would hold it. */
  int tokens(MadeTenant tenant, String text) {
    JsonNode preview = post("/tenants/" + tenant.id() + "/prompts/preview", Map.of("text", text));
    return preview.path("tokens").asInt(preview.path("tokenCount").asInt(0));
  }

  /** Registers a prompt and waits until it is resident and active; returns its version. */
  String activate(MadeTenant tenant, String text) {
    String prompts = "/tenants/" + tenant.id() + "/prompts";
    String version = post(prompts, Map.of("text", text, "message", "bench")).path("id").asString();
    JsonNode activation = post(prompts + "/" + version + "/activate", Map.of());
    long deadline = System.nanoTime() + LIMIT.toNanos();
    while (!activation.path("state").asString("").equals("active")) {
      if (activation.path("state").asString("").equals("failed")) {
        throw new Terminal.Failure(
            "a system prompt was not activated: " + activation.path("error").asString(""));
      }
      if (System.nanoTime() > deadline) {
        throw new Terminal.Failure(
            "a system prompt was not resident within " + LIMIT.toMinutes() + " minutes");
      }
      LockSupport.parkNanos(POLL_NANOS);
      activation = send("/activations/" + activation.path("id").asString(), null);
    }
    return version;
  }

  /** Takes a version's keys and values out of memory: the next request starts cold. */
  void evict(MadeTenant tenant, String version) {
    post("/tenants/" + tenant.id() + "/prompts/" + version + "/evict", Map.of());
  }

  private JsonNode post(String path, Map<String, Object> body) {
    return send(path, body);
  }

  private JsonNode send(String path, @Nullable Map<String, Object> body) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(url.resolve("/admin/v1" + path))
            .timeout(LIMIT)
            .header("Authorization", "Bearer " + token);
    if (body != null) {
      request
          .header("Content-Type", "application/json")
          .POST(HttpRequest.BodyPublishers.ofString(json.writeValueAsString(body)));
    }
    try {
      HttpResponse<InputStream> response =
          http.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
      try (InputStream content = response.body()) {
        JsonNode answer = read(content);
        if (response.statusCode() >= 300) {
          throw new Terminal.Failure(
              "the admin API at %s answered %d: %s"
                  .formatted(
                      url, response.statusCode(), answer.path("detail").asString("no detail")));
        }
        return answer;
      }
    } catch (IOException e) {
      throw new Terminal.Failure(
          "the admin API at %s does not answer (%s); check --url".formatted(url, e.getMessage()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Terminal.Failure("interrupted");
    }
  }

  private JsonNode read(InputStream content) throws IOException {
    byte[] bytes = content.readAllBytes();
    try {
      return bytes.length == 0 ? MissingNode.getInstance() : json.readTree(bytes);
    } catch (JacksonException e) {
      return MissingNode.getInstance(); // not JSON: the status has to do
    }
  }

  @Override
  public void close() {
    http.close();
  }
}
