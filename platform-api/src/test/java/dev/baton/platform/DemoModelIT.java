package dev.baton.platform;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.admin.tenant.Tenant;
import dev.baton.engine.Engine;
import dev.baton.engine.GenerationEvent;
import dev.baton.engine.GenerationRequest;
import dev.baton.engine.SamplingParameters;
import dev.baton.engine.runtime.EngineSettings;
import dev.baton.engine.runtime.LocalEngine;
import dev.baton.engine.scheduler.RelayMode;
import dev.baton.platform.serve.TestRedis;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The model and the tenants that {@code baton serve} brings along: 40 questions at once, each
 * answered from its own tenant's prompt.
 */
@Timeout(180)
class DemoModelIT {
  private static final JsonNode QUESTIONS = json("demo/questions.json");
  private static final Map<String, String> PROMPTS =
      Map.of(
          "Marlow Cycles", text("demo/bicycle-shop.md"),
          "Linden Dental", text("demo/dental-clinic.md"));

  @TempDir private Path directory;

  private record Asked(String tenant, String question, String fact) {}

  @Test
  void answersBothTenantsAtOnceFromTheirOwnPrompts() throws Exception {
    Map<Asked, String> relayed = answers(RelayMode.ON);

    relayed.forEach((asked, answer) -> {
      assertThat(answer).as(asked.toString()).contains(asked.fact());
      for (Asked other : asked()) {
        if (!other.tenant().equals(asked.tenant()) && isOnlyTheirs(other)) {
          assertThat(answer).as(asked.toString()).doesNotContain(other.fact());
        }
      }
    });
    assertThat(answers(RelayMode.OFF)).isEqualTo(relayed);
  }

  @Test
  void computesTheLogitsThatItsTrainerComputed() throws Exception {
    JsonNode expected = json("demo/logits.json");
    int[] ids =
        IntStream.range(0, expected.path("ids").size())
            .map(i -> expected.path("ids").path(i).asInt())
            .toArray();
    try (Engine engine = LocalEngine.open(EngineSettings.defaults(model()))) {
      CompletableFuture<GenerationEvent.GeneratedToken> first = new CompletableFuture<>();
      engine.generate(
          new GenerationRequest(
              "logits",
              "test",
              null,
              new GenerationRequest.Tokens(ids),
              SamplingParameters.GREEDY,
              1,
              List.of(),
              true,
              20,
              null),
          event -> {
            if (event instanceof GenerationEvent.Token token) {
              first.complete(token.token());
            }
          });
      double scale = 0;
      for (JsonNode logit : expected.path("logits")) {
        scale = Math.max(scale, Math.abs(logit.asDouble()));
      }
      List<GenerationEvent.Alternative> top = first.get().top();
      assertThat(top).hasSize(20);
      for (GenerationEvent.Alternative token : top) {
        double wanted = expected.path("logits").path(token.id()).asDouble();
        assertThat(Math.abs(token.logit() - wanted) / scale).isLessThan(1e-2);
      }
    }
  }

  private Map<Asked, String> answers(RelayMode relay) throws Exception {
    EngineSettings settings = EngineSettings.defaults(model());
    settings = settings.withBatch(settings.batch().withRelay(relay));
    settings = settings.withMemory(settings.memory().withKvBytes(128L << 20));
    try (TestRedis redis = TestRedis.start();
        Engine engine = LocalEngine.open(settings);
        PlatformUnderTest platform = PlatformUnderTest.start(engine, redis, Map.of())) {
      Map<String, String> keys = new LinkedHashMap<>();
      for (Map.Entry<String, String> prompt : PROMPTS.entrySet()) {
        Tenant tenant = platform.createTenant(prompt.getKey());
        platform.activate(tenant, prompt.getValue());
        keys.put(prompt.getKey(), platform.issueKey(tenant).secret());
      }
      Map<Asked, CompletableFuture<HttpResponse<String>>> running = new LinkedHashMap<>();
      for (Asked asked : asked()) {
        String body =
            """
            {"model":"default","temperature":0,"max_tokens":60,
            "messages":[{"role":"user","content":"%s"}]}
            """
                .formatted(asked.question());
        String key = Objects.requireNonNull(keys.get(asked.tenant()));
        running.put(
            asked,
            platform
                .http()
                .sendAsync(platform.chatRequest(key, body), HttpResponse.BodyHandlers.ofString()));
      }
      Map<Asked, String> answers = new LinkedHashMap<>();
      for (Map.Entry<Asked, CompletableFuture<HttpResponse<String>>> each : running.entrySet()) {
        HttpResponse<String> response = each.getValue().get();
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        JsonNode answer = JsonMapper.shared().readTree(response.body());
        answers.put(
            each.getKey(),
            answer.path("choices").path(0).path("message").path("content").asString());
      }
      return answers;
    }
  }

  private static List<Asked> asked() {
    List<Asked> all = new ArrayList<>();
    for (String tenant : PROMPTS.keySet()) {
      for (JsonNode question : QUESTIONS.path(tenant)) {
        all.add(
            new Asked(tenant, question.path("ask").asString(), question.path("fact").asString()));
      }
    }
    assertThat(all).hasSize(40);
    return all;
  }

  /** Facts that the other prompt does not have, by chance, too. */
  private static boolean isOnlyTheirs(Asked asked) {
    return PROMPTS.entrySet().stream()
            .filter(prompt -> !prompt.getKey().equals(asked.tenant()))
            .noneMatch(prompt -> prompt.getValue().contains(asked.fact()))
        && Objects.requireNonNull(PROMPTS.get(asked.tenant())).contains(asked.fact());
  }

  private Path model() throws IOException {
    Path file = directory.resolve("baton-demo.gguf");
    if (!Files.exists(file)) {
      Files.write(file, bytes("demo/baton-demo.gguf"));
    }
    return file;
  }

  private static JsonNode json(String resource) {
    return JsonMapper.shared().readTree(text(resource));
  }

  private static String text(String resource) {
    return new String(bytes(resource), StandardCharsets.UTF_8);
  }

  private static byte[] bytes(String resource) {
    try (InputStream in = DemoModelIT.class.getClassLoader().getResourceAsStream(resource)) {
      return Objects.requireNonNull(in, resource).readAllBytes();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
