package dev.baton.platform;

import static dev.baton.platform.PlatformUnderTest.chat;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.ErrorCode;
import dev.baton.engine.FinishReason;
import dev.baton.platform.serve.TestRedis;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** An engine whose device fails, as clients and load balancers see it. */
@Timeout(60)
class FailingEngineIT {

  @Test
  void refusesHonestlyWhileTheEngineFailsAndIsAliveButNotReady() throws Exception {
    try (ScriptedEngine engine = new ScriptedEngine();
        TestRedis redis = TestRedis.start();
        PlatformUnderTest platform =
            PlatformUnderTest.start(engine, redis, Map.of("baton.routing.recovery-time", "60s"))) {
      String key = platform.issueKey(platform.createTenant("Unlucky")).secret();
      for (int i = 0; i < 5; i++) {
        CompletableFuture<HttpResponse<String>> answer =
            platform
                .http()
                .sendAsync(
                    platform.chatRequest(key, chat("")), HttpResponse.BodyHandlers.ofString());
        engine.nextRequest().begin().fail(ErrorCode.INTERNAL, "the device failed");
        assertThat(answer.get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(500);
      }
      HttpResponse<String> refused = platform.post(key, chat(""));
      assertThat(refused.statusCode()).isEqualTo(503);
      assertThat(refused.body()).contains("engine_unavailable");
      assertThat(refused.headers().firstValueAsLong("retry-after").orElseThrow())
          .isBetween(30L, 60L);
      assertThat(status(platform, key, "liveness")).isEqualTo(200);
      assertThat(status(platform, key, "readiness")).isEqualTo(503);
    }
  }

  @Test
  void endsAStreamThatFailsInTheMiddleWithAnErrorEventAndServesTheOthers() throws Exception {
    try (ScriptedEngine engine = new ScriptedEngine();
        TestRedis redis = TestRedis.start();
        PlatformUnderTest platform = PlatformUnderTest.start(engine, redis, Map.of())) {
      String key = platform.issueKey(platform.createTenant("Unlucky")).secret();
      HttpResponse<Stream<String>> failing = platform.open(key, engine, chat(",\"stream\":true"));
      ScriptedEngine.Running first = engine.lastRequest();
      HttpResponse<Stream<String>> going = platform.open(key, engine, chat(",\"stream\":true"));
      first.say("half an").fail(ErrorCode.INTERNAL, "the device failed");
      engine.lastRequest().say("a whole answer").finish(FinishReason.STOP);
      assertThat(failing.body().filter(line -> !line.isEmpty()).toList())
          .last()
          .asString()
          .contains("\"error\"")
          .contains("internal_error");
      assertThat(going.body().filter(line -> !line.isEmpty()).toList())
          .last()
          .isEqualTo("data: [DONE]");
    }
  }

  @Test
  void answersInTimeWhenTheEngineHangs() throws Exception {
    try (ScriptedEngine engine = new ScriptedEngine();
        TestRedis redis = TestRedis.start();
        PlatformUnderTest platform =
            PlatformUnderTest.start(
                engine, redis, Map.of("baton.routing.first-token-limit", "300ms"))) {
      String key = platform.issueKey(platform.createTenant("Patient")).secret();
      HttpResponse<String> late = platform.post(key, chat(""));
      assertThat(late.statusCode()).isEqualTo(503);
      assertThat(late.body()).contains("\"timeout\"");
      assertThat(late.headers().firstValue("retry-after")).isPresent();
      assertThat(engine.nextRequest().cancelledWithin(Duration.ofSeconds(5))).isTrue();
    }
  }

  private static int status(PlatformUnderTest platform, String key, String probe) throws Exception {
    return platform.send(platform.request("/actuator/health/" + probe, key).build()).statusCode();
  }
}
