package dev.baton.platform;

import static dev.baton.platform.PlatformUnderTest.chat;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.FinishReason;
import dev.baton.platform.serve.TestRedis;
import java.net.http.HttpResponse;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How the platform ends: what runs is finished or told, what comes is refused. */
@Timeout(60)
class DrainIT {

  @Test
  void finishesWhatRunsRefusesWhatComesAndTellsWhatStaysBehind() throws Exception {
    try (TestRedis redis = TestRedis.start();
        ScriptedEngine engine = new ScriptedEngine()) {
      PlatformUnderTest platform =
          PlatformUnderTest.start(engine, redis, Map.of("baton.serve.drain-timeout", "2s"));
      String key = platform.issueKey(platform.createTenant("Drain")).secret();
      HttpResponse<Stream<String>> finishing = platform.open(key, engine, chat(",\"stream\":true"));
      ScriptedEngine.Running quick = engine.lastRequest();
      HttpResponse<Stream<String>> staying = platform.open(key, engine, chat(",\"stream\":true"));

      CompletableFuture<Void> closed = CompletableFuture.runAsync(platform::stop);
      HttpResponse<String> late = refused(platform, key);
      assertThat(late.body()).contains("server_is_shutting_down");
      assertThat(late.headers().firstValue("retry-after")).isPresent();

      quick.say("last words").finish(FinishReason.STOP);
      assertThat(lines(finishing)).last().isEqualTo("data: [DONE]");
      assertThat(lines(staying)).last().asString().contains("server_is_shutting_down");
      closed.get(20, TimeUnit.SECONDS);
      platform.close();
    }
  }

  /** Requests are refused from the moment the drain has begun, while streams still run. */
  private static HttpResponse<String> refused(PlatformUnderTest platform, String key)
      throws Exception {
    while (true) {
      HttpResponse<String> response =
          platform.send(platform.request("/actuator/health/readiness", key).build());
      if (response.statusCode() == 503) {
        return platform.post(key, chat(""));
      }
    }
  }

  private static List<String> lines(HttpResponse<Stream<String>> response) {
    Iterator<String> lines = response.body().filter(line -> !line.isEmpty()).iterator();
    return Stream.generate(() -> lines.hasNext() ? lines.next() : "")
        .takeWhile(line -> !line.isEmpty())
        .toList();
  }
}
