package dev.baton.platform.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.model.RandomModelSpec;
import dev.baton.engine.tensor.TensorType;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What a platform that has served for a while holds in memory, as the system counts it. */
@Timeout(240)
class ResidentMemoryIT {
  private static final long KV_BYTES = 256L << 20;
  private static final long REST_BYTES = 400L << 20; // the JVM, its heap, buffers of a step

  private static final int TENANTS = 4;
  private static final int CHATS = 3; // of each tenant at once
  private static final int STEADY_ROUNDS = 4;

  private static final Duration SETTLING = Duration.ofSeconds(20);

  /** Garbage of the start is given back when there was no collection for twice 15 s at most. */
  private static final Duration IDLE = Duration.ofSeconds(35);

  @TempDir private Path directory;
  private final HttpClient http = HttpClient.newHttpClient();
  private final JsonMapper json = JsonMapper.shared();

  @AfterEach
  void closeClient() {
    http.close();
  }

  /** Large enough that weights held twice would break the bound. */
  @Test
  void settlesAtTheModelFileTheKvPoolAndNoMoreThan400MiB() throws Exception {
    Assumptions.assumeTrue(Files.isReadable(Path.of("/proc/self/status")), "no /proc here");
    Path model = directory.resolve("300m.gguf");
    RandomModelSpec.tiny()
        .layerCount(20)
        .modelDim(1024)
        .headCount(16)
        .kvHeadCount(4)
        .headDim(64)
        .ffnDim(4096)
        .vocabSize(32_000)
        .contextLength(4096)
        .tied(true)
        .type(TensorType.Q8_0)
        .writeTo(model);
    long bound = Files.size(model) + KV_BYTES + REST_BYTES;
    String kv = (KV_BYTES >> 20) + "MB";
    String[] serve = {"serve", "--port", "0", "--model", model.toString(), "--kv-memory", kv};
    try (ServeProcess platform = ServeProcess.asLaunched(directory, serve)) {
      platform.awaitLine("Ctrl-C stops it");
      URI url = URI.create(platform.awaitLine("Baton serves").replaceAll(".* at ", ""));
      List<String> keys = new ArrayList<>();
      for (int i = 0; i < TENANTS; i++) {
        keys.add(tenantWithPrompt(url, i));
      }
      List<Long> resident = new ArrayList<>();
      Instant settled = Instant.now().plus(SETTLING);
      while (Instant.now().isBefore(settled)) {
        chatAll(url, keys);
        resident.add(platform.residentBytes());
      }
      LockSupport.parkNanos(IDLE.toNanos());
      for (int round = 0; round < STEADY_ROUNDS; round++) {
        assertThat(chatAll(url, keys)).isEqualTo(TENANTS * CHATS);
        resident.add(platform.residentBytes());
      }
      System.out.printf(
          "resident: %s MiB, model file %d, KV %d%n",
          resident.stream().map(bytes -> bytes >> 20).toList(),
          Files.size(model) >> 20,
          KV_BYTES >> 20);
      assertThat(Files.size(model)).isGreaterThan(300L << 20);
      assertThat(resident.subList(resident.size() - STEADY_ROUNDS, resident.size()))
          .as("bytes after each round of chats, once settled; before that %s", resident)
          .allSatisfy(bytes -> assertThat(bytes).isLessThanOrEqualTo(bound));
    }
  }

  /** A tenant whose prompt becomes active when it is resident; returns its key. */
  private String tenantWithPrompt(URI url, int number) throws Exception {
    String tenant = "/tenants/" + admin(url, "/tenants", Map.of("name", "tenant " + number), "id");
    String prompt =
        "Answer for company %d. Open on weekdays until nine. ".formatted(number).repeat(20);
    String version =
        admin(url, tenant + "/prompts", Map.of("text", prompt, "message", "first"), "id");
    admin(url, tenant + "/prompts/" + version + "/activate", Map.of(), "id");
    return admin(url, tenant + "/keys", Map.of("name", "key"), "secret");
  }

  private String admin(URI url, String path, Map<String, String> body, String field)
      throws Exception {
    String token = Files.readString(directory.resolve("data/admin-token")).strip();
    HttpResponse<String> response =
        http.send(request(url, "/admin/v1" + path, token, body), BodyHandlers.ofString());
    assertThat(response.statusCode()).as(response.body()).isBetween(200, 299);
    return json.readTree(response.body()).path(field).asString();
  }

  /** Some chats of every tenant at once; returns how many of them shared their tenant's prompt. */
  private int chatAll(URI url, List<String> keys) throws Exception {
    List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
    for (String key : keys) {
      for (int chat = 0; chat < CHATS; chat++) {
        Object message = Map.of("role", "user", "content", "Question " + answers.size());
        Map<String, Object> body =
            Map.of("model", "default", "max_tokens", 32, "messages", List.of(message));
        answers.add(
            http.sendAsync(
                request(url, "/v1/chat/completions", key, body), BodyHandlers.ofString()));
      }
    }
    int shared = 0;
    for (CompletableFuture<HttpResponse<String>> answer : answers) {
      assertThat(answer.get().statusCode()).as(answer.get().body()).isEqualTo(200);
      JsonNode details =
          json.readTree(answer.get().body()).path("usage").path("prompt_tokens_details");
      shared += details.path("cached_tokens").asInt() > 0 ? 1 : 0;
    }
    return shared;
  }

  private HttpRequest request(URI url, String path, String token, Object body) {
    return HttpRequest.newBuilder(url.resolve(path))
        .header("Authorization", "Bearer " + token)
        .header("Content-Type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofString(json.writeValueAsString(body)))
        .build();
  }
}
