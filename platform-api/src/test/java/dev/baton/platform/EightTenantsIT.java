package dev.baton.platform;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.admin.tenant.Tenant;
import dev.baton.engine.Engine;
import dev.baton.engine.EngineStatistics;
import dev.baton.engine.Residency;
import dev.baton.engine.SystemKvStatus;
import dev.baton.engine.model.RandomModelSpec;
import dev.baton.engine.runtime.EngineSettings;
import dev.baton.engine.runtime.LocalEngine;
import dev.baton.platform.serve.TestRedis;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.ToLongFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The main job over HTTP: 8 tenants with prompts of 1,000 to 2,000 tokens, 4 concurrent chats each,
 * on KV memory that holds 5 of the 8 prompts.
 */
@Timeout(120)
class EightTenantsIT {
  private static final int TENANTS = 8;
  private static final int CHATS = 4;
  private static final int TURNS = 2;
  private static final int HELD_PROMPTS = 5;
  private static final int BLOCK_TOKENS = EngineSettings.Memory.DEFAULTS.blockTokens();

  @Test
  void servesEveryChatAndLosesNoBlock(@TempDir Path directory) throws Exception {
    Path model = directory.resolve("tiny.gguf");
    RandomModelSpec.tiny().contextLength(4096).layerCount(2).writeTo(model);
    List<String> prompts;
    long kvBytes;
    try (Engine measuring = LocalEngine.open(EngineSettings.defaults(model))) {
      prompts = prompts(measuring);
      long promptBytes = 0;
      for (String prompt : prompts.subList(0, HELD_PROMPTS)) {
        promptBytes += measuring.preview(prompt).kvBytes();
      }
      // Room for five prompts and for running chats, but not for a sixth prompt.
      kvBytes = promptBytes + 28L * BLOCK_TOKENS * measuring.model().kvBytesPerToken();
    }
    EngineSettings settings = EngineSettings.defaults(model);
    settings = settings.withMemory(settings.memory().withKvBytes(kvBytes));
    try (TestRedis redis = TestRedis.start();
        Engine engine = LocalEngine.open(settings);
        PlatformUnderTest platform = PlatformUnderTest.start(engine, redis, Map.of())) {
      Map<String, String> keys = new LinkedHashMap<>();
      for (int i = 0; i < TENANTS; i++) {
        Tenant tenant = platform.createTenant("Tenant " + i);
        platform.activate(tenant, prompts.get(i));
        keys.put(tenant.id(), platform.issueKey(tenant).secret());
      }
      long fillsBefore = sum(engine, SystemKvStatus::fills);
      long hitsBefore = sum(engine, SystemKvStatus::hits);
      assertThat(fillsBefore).isGreaterThanOrEqualTo(TENANTS);

      int cachedRequests = chatAll(platform, keys.values());

      int requests = TENANTS * CHATS * TURNS;
      EngineStatistics after = PlatformUnderTest.idle(engine);
      long fills = sum(engine, SystemKvStatus::fills);
      long evictions = sum(engine, SystemKvStatus::evictions);
      long resident =
          engine.systemKvs().stream().filter(kv -> kv.residency() == Residency.DEVICE).count();
      assertThat(after.completedRequests()).isEqualTo(requests);
      assertThat(after.failedRequests()).isZero();
      assertThat(fills - evictions).isEqualTo(resident);
      assertThat(resident).isBetween(1L, (long) HELD_PROMPTS);
      assertThat(evictions).isPositive();
      // Each request found its tenant's system KV, or caused a fill of it.
      assertThat(sum(engine, SystemKvStatus::hits) - hitsBefore + fills - fillsBefore)
          .isEqualTo(requests);
      assertThat(cachedRequests).isPositive();
      assertThat(after.requestBlocks()).isZero();
      assertThat(after.freeBlocks() + after.systemBlocks()).isEqualTo(after.totalBlocks());
      long systemBytes = engine.systemKvs().stream().mapToLong(SystemKvStatus::bytes).sum();
      assertThat(systemBytes)
          .isEqualTo((long) after.systemBlocks() * BLOCK_TOKENS * engine.model().kvBytesPerToken());
      assertThat(after.relayedTokens()).isPositive();
    }
  }

  /** Runs all chats at once, turn by turn; returns how many answers read cached tokens. */
  private static int chatAll(PlatformUnderTest platform, Iterable<String> keys) throws Exception {
    int cached = 0;
    for (int turn = 0; turn < TURNS; turn++) {
      List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
      for (String key : keys) {
        for (int chat = 0; chat < CHATS; chat++) {
          String body =
              """
              {"model":"default","max_tokens":12,"seed":%d,
              "messages":[{"role":"user","content":"Question %d of chat %d"}]}
              """
                  .formatted(chat, turn, chat);
          answers.add(
              platform
                  .http()
                  .sendAsync(
                      platform.chatRequest(key, body), HttpResponse.BodyHandlers.ofString()));
        }
      }
      for (CompletableFuture<HttpResponse<String>> answer : answers) {
        assertThat(answer.get().statusCode()).as(answer.get().body()).isEqualTo(200);
        JsonNode usage = JsonMapper.shared().readTree(answer.get().body()).path("usage");
        if (usage.path("prompt_tokens_details").path("cached_tokens").asInt() >= 1000) {
          cached++;
        }
      }
    }
    return cached;
  }

  /** Eight unlike prompts of 1,000 to 2,000 tokens. */
  private static List<String> prompts(Engine engine) {
    List<String> prompts = new ArrayList<>();
    for (int i = 0; i < TENANTS; i++) {
      Random random = new Random(i);
      StringBuilder text = new StringBuilder("You answer for company " + i + ".");
      int wanted = 1000 + random.nextInt(900);
      int tokens = 0;
      while (tokens < wanted) {
        for (int fact = 0; fact < 5; fact++) {
          text.append(" Article ")
              .append(random.nextInt(1000))
              .append(" costs ")
              .append(random.nextInt(100))
              .append(" crowns.");
        }
        tokens = engine.preview(text.toString()).tokens();
      }
      assertThat(tokens).isBetween(1000, 2000);
      prompts.add(text.toString());
    }
    return prompts;
  }

  private static long sum(Engine engine, ToLongFunction<SystemKvStatus> counter) {
    return engine.systemKvs().stream().mapToLong(counter).sum();
  }
}
