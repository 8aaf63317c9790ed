package dev.baton.platform;

import static dev.baton.platform.PlatformUnderTest.chat;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.FinishReason;
import dev.baton.platform.serve.TestRedis;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Readers that do not read, and a stop while many streams run. */
@Timeout(120)
class StreamChaosIT {
  private static final int STREAMS = 100;

  @Test
  void aReaderThatDoesNotReadIsCutOffAndOthersGoOn() throws Exception {
    try (ScriptedEngine engine = new ScriptedEngine();
        TestRedis redis = TestRedis.start();
        PlatformUnderTest platform = PlatformUnderTest.start(engine, redis, Map.of())) {
      String key = platform.issueKey(platform.createTenant("Slow")).secret();
      try (Socket lazy = new Socket()) {
        lazy.setReceiveBufferSize(4096);
        lazy.connect(new InetSocketAddress("127.0.0.1", platform.url().getPort()));
        ask(lazy, key, chat(",\"stream\":true"));
        ScriptedEngine.Running unread = engine.nextRequest().begin();
        String page = "all work and no play ".repeat(200);
        for (int said = 0; !unread.ended() && said < 20_000; said++) {
          unread.say(page);
          if (said % 64 == 0) {
            unread.cancelledWithin(Duration.ofMillis(1));
          }
        }
        assertThat(unread.cancelledWithin(Duration.ofSeconds(10))).isTrue();
      }
      HttpResponse<Stream<String>> other = platform.open(key, engine, chat(",\"stream\":true"));
      engine.lastRequest().say("Still here").finish(FinishReason.STOP);
      assertThat(other.body().filter(line -> !line.isEmpty()).toList())
          .last()
          .isEqualTo("data: [DONE]");
      assertThat(platform.send(platform.request("/actuator/prometheus", key).build()).body())
          .contains("baton_chat_aborted_total{by=\"slow_reader\"} 1.0");
    }
  }

  @Test
  void everyStreamIsToldWhenThePlatformStops() throws Exception {
    try (TestRedis redis = TestRedis.start();
        ScriptedEngine engine = new ScriptedEngine()) {
      PlatformUnderTest platform =
          PlatformUnderTest.start(engine, redis, Map.of("baton.serve.drain-timeout", "500ms"));
      String key = platform.issueKey(platform.createTenant("Many")).secret();
      List<HttpResponse<Stream<String>>> streams = new ArrayList<>();
      for (int i = 0; i < STREAMS; i++) {
        streams.add(platform.open(key, engine, chat(",\"stream\":true")));
      }
      CompletableFuture<Void> closed = CompletableFuture.runAsync(platform::stop);
      for (HttpResponse<Stream<String>> stream : streams) {
        assertThat(stream.body().filter(line -> !line.isEmpty()).toList())
            .last()
            .asString()
            .contains("server_is_shutting_down");
      }
      closed.get(30, TimeUnit.SECONDS);
      assertThat(engine.idle()).isTrue();
      platform.close();
    }
  }

  private static void ask(Socket socket, String key, String body) throws IOException {
    String request =
        """
        POST /v1/chat/completions HTTP/1.1\r
        Host: localhost\r
        Authorization: Bearer %s\r
        Content-Type: application/json\r
        Content-Length: %d\r
        \r
        %s\
        """
            .formatted(key, body.length(), body);
    socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
  }
}
