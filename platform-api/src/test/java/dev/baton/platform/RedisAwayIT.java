package dev.baton.platform;

import static dev.baton.platform.PlatformUnderTest.chat;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.FinishReason;
import dev.baton.platform.serve.TestRedis;
import java.net.http.HttpResponse;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The store goes away while the platform serves. */
@Timeout(60)
class RedisAwayIT {

  @Test
  void servesKnownKeysAndRefusesUnknownOnesQuicklyWithoutTheStore() throws Exception {
    try (ScriptedEngine engine = new ScriptedEngine();
        TestRedis redis = TestRedis.start();
        PlatformUnderTest platform = PlatformUnderTest.start(engine, redis.url(), Map.of())) {
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
}
