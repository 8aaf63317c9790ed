package dev.baton.platform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.errors.InternalServerException;
import com.openai.errors.RateLimitException;
import com.openai.errors.SseException;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import dev.baton.platform.serve.TestRedis;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** OpenAI's own Java SDK, with its retries on, against a platform that is at times too busy. */
@Timeout(60)
class OpenAiSdkRetriesIT {
  private static TestRedis redis;
  private static ScenarioEngine engine;
  private static PlatformUnderTest platform;
  private static String key;

  @BeforeAll
  static void start() throws IOException {
    redis = TestRedis.start();
    engine = new ScenarioEngine();
    platform = PlatformUnderTest.start(engine, redis, Map.of());
    key = platform.issueKey(platform.createTenant("Java")).secret();
  }

  @AfterAll
  static void stop() {
    platform.close();
    engine.close();
    redis.close();
  }

  @Test
  void repeats429And503AfterTheTimeItWasTold() {
    for (String scenario : new String[] {"busy once, java", "full once, java"}) {
      long start = System.nanoTime();
      assertThat(answer(client(2), scenario)).isEqualTo(ScenarioEngine.ANSWER);
      assertThat(Duration.ofNanos(System.nanoTime() - start))
          .as(scenario)
          .isGreaterThan(Duration.ofMillis(950));
    }
  }

  @Test
  void showsA429WithItsHeadersWhenItMayNotRepeat() {
    assertThatThrownBy(() -> answer(client(0), "busy once, java without retries"))
        .isInstanceOfSatisfying(
            RateLimitException.class,
            refused -> {
              assertThat(refused.headers().values("retry-after")).containsExactly("1");
              assertThat(refused.headers().values("x-should-retry")).containsExactly("true");
            });
  }

  @Test
  void doesNotRepeatWhatCanNotSucceed() {
    long start = System.nanoTime();
    assertThatThrownBy(() -> answer(client(5), "fail")).isInstanceOf(InternalServerException.class);
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(8));
  }

  @Test
  void getsAFailureInTheMiddleOfAStreamAsAnError() {
    try (StreamResponse<ChatCompletionChunk> stream =
        client(0).chat().completions().createStreaming(question("fail midway"))) {
      assertThatThrownBy(() -> stream.stream().forEach(chunk -> {}))
          .isInstanceOf(SseException.class);
    }
  }

  @Test
  void abortsAStream() {
    try (StreamResponse<ChatCompletionChunk> stream =
        client(0).chat().completions().createStreaming(question("endless"))) {
      assertThat(stream.stream().limit(5).count()).isEqualTo(5);
    }
    while (!engine.idle()) {
      Thread.onSpinWait();
    }
  }

  private static String answer(OpenAIClient client, String scenario) {
    return client
        .chat()
        .completions()
        .create(question(scenario))
        .choices()
        .getFirst()
        .message()
        .content()
        .orElseThrow();
  }

  private static ChatCompletionCreateParams question(String scenario) {
    return ChatCompletionCreateParams.builder().model("default").addUserMessage(scenario).build();
  }

  private static OpenAIClient client(int retries) {
    return OpenAIOkHttpClient.builder()
        .apiKey(key)
        .baseUrl(platform.url() + "/v1")
        .maxRetries(retries)
        .timeout(Duration.ofSeconds(20))
        .build();
  }
}
