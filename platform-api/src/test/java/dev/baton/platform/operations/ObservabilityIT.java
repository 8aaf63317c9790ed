package dev.baton.platform.operations;

import static dev.baton.platform.PlatformUnderTest.chat;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.baton.admin.tenant.Tenant;
import dev.baton.engine.FinishReason;
import dev.baton.platform.PlatformUnderTest;
import dev.baton.platform.ScriptedEngine;
import dev.baton.platform.serve.TestRedis;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What an operator sees of a request: metrics, one JSON line, a span; nowhere what was said. */
@Timeout(60)
class ObservabilityIT {
  private static final String NAME = "Secretive Ltd";

  @Test
  void tellsOfARequestInMetricsLogsAndTracesWithoutNamingAnyone() throws Exception {
    ByteArrayOutputStream console = new ByteArrayOutputStream();
    PrintStream before = System.out;
    System.setOut(new PrintStream(console, true, StandardCharsets.UTF_8));
    try (Collector collector = new Collector();
        ScriptedEngine engine = new ScriptedEngine();
        TestRedis redis = TestRedis.start();
        PlatformUnderTest platform =
            PlatformUnderTest.start(
                engine,
                redis,
                Map.of(
                    "baton.log.format",
                    "json",
                    "logging.level.dev.baton",
                    "info",
                    "baton.metrics.tenants",
                    1,
                    "baton.traces.endpoint",
                    collector.url(),
                    "baton.traces.sampled",
                    1))) {
      Tenant tenant = platform.createTenant(NAME);
      String key = platform.issueKey(tenant).secret();
      String requestId = ask(platform, engine, key);
      ask(platform, engine, platform.issueKey(platform.createTenant("Another")).secret());

      JsonNode line = line(console, requestId);
      assertThat(line.path("tenant").asString()).isEqualTo(tenant.id());
      assertThat(line.path("outcome").asString()).isEqualTo("stop");
      assertThat(line.path("completion_tokens").asInt()).isEqualTo(2);

      String metrics = platform.send(platform.request("/actuator/prometheus", key).build()).body();
      assertThat(metrics)
          .contains("gen_ai_server_request_duration_seconds_bucket{error_type=\"none\"")
          .contains("gen_ai_server_time_to_first_token_seconds_bucket{")
          .contains("status=\"200\",uri=\"/v1/chat/completions\"")
          .contains("gen_ai_server_time_per_output_token_seconds_count{")
          .contains("gen_ai_client_token_usage_token_sum{")
          .contains("baton_chat_aborted_total{by=\"client\"} 0.0")
          .contains("baton_tenant_requests_total{tenant=\"" + tenant.id() + "\"} 1.0")
          .contains("baton_tenant_requests_total{tenant=\"other\"} 1.0")
          .contains("baton_engine_system_kvs{residency=\"device\"}")
          .contains("resilience4j_circuitbreaker_state{")
          .doesNotContain(NAME)
          .doesNotContain("words said");
      assertThat(collector.spanWith(requestId, "POST"))
          .doesNotContain(NAME)
          .doesNotContain("words said");
      assertThat(collector.spanWith(requestId, "gen_ai.usage.output_tokens"))
          .contains("chat " + ScriptedEngine.MODEL, "gen_ai.response.finish_reasons")
          .doesNotContain(NAME)
          .doesNotContain("words said");
      assertThat(console.toString(StandardCharsets.UTF_8))
          .doesNotContain("words said")
          .doesNotContain(key);
    } finally {
      System.setOut(before);
      // Boot hands it to Logback as a property of the process, where the next context would find
      // it.
      System.clearProperty("CONSOLE_LOG_STRUCTURED_FORMAT");
    }
  }

  /** The id of a request that was answered. */
  private static String ask(PlatformUnderTest platform, ScriptedEngine engine, String key)
      throws Exception {
    CompletableFuture<HttpResponse<String>> answer =
        platform
            .http()
            .sendAsync(platform.chatRequest(key, chat("")), HttpResponse.BodyHandlers.ofString());
    engine.nextRequest().begin().say("words said", "more").finish(FinishReason.STOP);
    HttpResponse<String> response = answer.get(10, TimeUnit.SECONDS);
    assertThat(response.statusCode()).isEqualTo(200);
    return response.headers().firstValue("x-request-id").orElseThrow();
  }

  /** Written by another thread than the answer, so it may come a moment later. */
  private static JsonNode line(ByteArrayOutputStream console, String requestId) {
    while (true) {
      for (String line : console.toString(StandardCharsets.UTF_8).lines().toList()) {
        if (line.contains(requestId) && line.endsWith("}")) {
          return JsonMapper.shared().readTree(line);
        }
      }
      Thread.onSpinWait();
    }
  }

  /** Where spans are sent: keeps the protobuf messages, whose texts are readable as they are. */
  private static final class Collector implements AutoCloseable {
    private final BlockingQueue<String> exports = new LinkedBlockingQueue<>();
    private final HttpServer server;
    private String seen = "";

    Collector() throws IOException {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      server.createContext(
          "/v1/traces",
          exchange -> {
            try (exchange) {
              exports.add(
                  new String(
                      exchange.getRequestBody().readAllBytes(), StandardCharsets.ISO_8859_1));
              exchange.sendResponseHeaders(200, -1);
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
      server.start();
    }

    String url() {
      return "http://127.0.0.1:" + server.getAddress().getPort() + "/v1/traces";
    }

    /** What was sent with both in it; spans of a request may come together or apart. */
    String spanWith(String requestId, String text) throws InterruptedException {
      while (!seen.contains(requestId) || !seen.contains(text)) {
        String export = exports.poll(20, TimeUnit.SECONDS);
        assertThat(export).as("a span within 20 s").isNotNull();
        seen += export;
      }
      return seen;
    }

    @Override
    public void close() {
      server.stop(0);
    }
  }
}
