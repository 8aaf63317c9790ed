package dev.baton.platform;

import static dev.baton.platform.PlatformUnderTest.chat;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.FinishReason;
import dev.baton.platform.serve.TestRedis;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The store goes away while the platform serves. */
@Timeout(60)
class RedisAwayIT {

  @Test
  void servesKnownKeysAndRefusesUnknownOnesQuicklyWithoutTheStore() throws Exception {
    try (ScriptedEngine engine = new ScriptedEngine();
        TestRedis redis = TestRedis.start();
        PlatformUnderTest platform = PlatformUnderTest.start(engine, redis, Map.of())) {
      String known = platform.issueKey(platform.createTenant("Known")).secret();
      String unknown = platform.issueKey(platform.createTenant("Unknown")).secret();
      assertThat(platform.send(platform.request("/v1/models", known).build()).statusCode())
          .isEqualTo(200);
      redis.close();

      CompletableFuture<HttpResponse<String>> answer =
          platform
              .http()
              .sendAsync(
                  platform.chatRequest(known, chat("")), HttpResponse.BodyHandlers.ofString());
      engine.nextRequest().begin().finish(FinishReason.STOP);
      assertThat(answer.get().statusCode()).isEqualTo(200);

      HttpResponse<String> refused = platform.send(platform.request("/v1/models", unknown).build());
      assertThat(refused.statusCode()).isEqualTo(503);
      assertThat(refused.body()).contains("store_unavailable");
      assertThat(refused.headers().firstValue("retry-after")).isPresent();
      assertThat(
              platform
                  .send(platform.request("/actuator/health/liveness", known).build())
                  .statusCode())
          .isEqualTo(200);
      assertThat(
              platform
                  .send(platform.request("/actuator/health/readiness", known).build())
                  .statusCode())
          .isEqualTo(503);
    }
  }

  /** Under a command the client says so in its own words, which are no defect of the platform. */
  @Test
  void aConnectionThatIsResetUnderACommandIsAnOutage() throws Exception {
    try (ScriptedEngine engine = new ScriptedEngine();
        TestRedis redis = TestRedis.start();
        CutLine line = new CutLine(redis.url());
        PlatformUnderTest platform = PlatformUnderTest.start(engine, line.url(), Map.of())) {
      for (int round = 0; round < 5; round++) {
        String unknown = platform.issueKey(platform.createTenant("Round " + round)).secret();
        line.cut();
        HttpResponse<String> refused =
            platform.send(platform.request("/v1/models", unknown).build());
        assertThat(refused.statusCode()).as(refused.body()).isEqualTo(503);
        assertThat(refused.body()).contains("store_unavailable");
        line.mend();
        awaitServed(platform, unknown);
      }
    }
  }

  private static void awaitServed(PlatformUnderTest platform, String key) throws Exception {
    long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (platform.send(platform.request("/v1/models", key).build()).statusCode() != 200) {
      assertThat(System.nanoTime()).as("the line is mended").isLessThan(deadline);
      LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
    }
  }
}
