package dev.baton.platform.bench;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** An {@link InstantPlatform} in a process of its own, and its admin API. */
final class PlatformProcess implements AutoCloseable {
  private static final String TOKEN = "admin-token-of-the-benchmark-0123456789";
  private static final Duration ACTIVATION_LIMIT = Duration.ofSeconds(30);
  private static final String LIMITS =
      """
      {"requestsPerMinute":10000000,"tokensPerMinute":1000000000,"concurrentStreams":100000,
       "tokensPerDay":1000000000000,"tokensPerMonth":1000000000000}
      """;

  private final MeasuredProcess process;
  private final HttpClient http = HttpClient.newHttpClient();

  private PlatformProcess(MeasuredProcess process) {
    this.process = process;
  }

  /**
   * Starts it.
   *
   * @param directory for Redis
   * @param heapMebibytes of heap it may use
   * @throws IOException when it does not come up; its errors are on the standard error stream
   */
  static PlatformProcess start(Path directory, int heapMebibytes) throws IOException {
    return new PlatformProcess(
        MeasuredProcess.start(
            InstantPlatform.class,
            heapMebibytes,
            directory.toString(),
            TOKEN,
            "logging.level.dev.baton=warn",
            "baton.storage.read-timeout=10s")); // a stall of the disk is to be seen as latency
  }

  int port() {
    return process.port();
  }

  /** Bytes of heap that live, after a collection. */
  long liveHeapBytes() throws IOException {
    return process.ask("heap");
  }

  /**
   * Makes a tenant with limits, an active prompt and keys.
   *
   * @return the keys
   */
  List<String> tenant(String name, String prompt, int keys)
      throws IOException, InterruptedException {
    String tenant =
        "/tenants/" + post("/tenants", "{\"name\":\"" + name + "\"}").path("id").asString();
    send("PUT", tenant + "/limits", LIMITS);
    String text = JsonMapper.shared().writeValueAsString(prompt);
    String version = post(tenant + "/prompts", "{\"text\":" + text + "}").path("id").asString();
    post(tenant + "/prompts/" + version + "/activate", "");
    long deadline = System.nanoTime() + ACTIVATION_LIMIT.toNanos();
    while (!send("GET", tenant, "").path("activeVersionId").asString("").equals(version)) {
      if (System.nanoTime() > deadline) {
        throw new IOException("a prompt was not active within " + ACTIVATION_LIMIT);
      }
      LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
    }
    List<String> secrets = new ArrayList<>();
    for (int i = 0; i < keys; i++) {
      secrets.add(
          post(tenant + "/keys", "{\"name\":\"bench " + i + "\"}").path("secret").asString());
    }
    return secrets;
  }

  private JsonNode post(String path, String body) throws IOException, InterruptedException {
    return send("POST", path, body);
  }

  private JsonNode send(String method, String path, String body)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port() + "/admin/v1" + path))
            .header("Authorization", "Bearer " + TOKEN)
            .method(method, HttpRequest.BodyPublishers.ofString(body));
    if (!body.isEmpty()) {
      request.header("Content-Type", "application/json");
    }
    if (method.equals("PUT")) {
      request.header("If-Match", "*");
    }
    HttpResponse<String> answer = http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    if (answer.statusCode() >= 300) {
      throw new IOException(
          "%s %s: %d %s".formatted(method, path, answer.statusCode(), answer.body()));
    }
    return JsonMapper.shared().readTree(answer.body());
  }

  @Override
  public void close() {
    http.shutdownNow();
    process.close();
  }
}
