package dev.baton.platform;

import static dev.baton.platform.PlatformUnderTest.ADMIN_TOKEN;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.FinishReason;
import dev.baton.platform.access.AdminPort;
import dev.baton.platform.serve.TestRedis;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What every answer says about itself, and which port answers what. */
@Timeout(120)
class SecurityIT {
  private static final List<String> PATHS =
      List.of(
          "/v1/models",
          "/v1/nothing",
          "/admin/v1/tenants",
          "/console/",
          "/console/console.js",
          "/actuator/health/liveness",
          "/actuator/prometheus",
          "/v3/api-docs/tenant",
          "/nothing");

  @Test
  void everyAnswerIsNeitherGuessedNorFramedAndAdminsAreNotStored() throws Exception {
    try (ScriptedEngine engine = new ScriptedEngine();
        TestRedis redis = TestRedis.start();
        PlatformUnderTest platform = PlatformUnderTest.start(engine, redis, Map.of())) {
      for (String path : PATHS) {
        HttpResponse<String> answer = get(platform.url(), path);
        assertThat(answer.headers().firstValue("x-content-type-options"))
            .as(path)
            .contains("nosniff");
        assertThat(answer.headers().firstValue("content-security-policy").orElse(""))
            .as(path)
            .contains("frame-ancestors 'none'")
            .doesNotContain("unsafe-inline");
        assertThat(answer.headers().firstValue("x-xss-protection")).as(path).contains("0");
        assertThat(answer.headers().firstValue("strict-transport-security")).as(path).isEmpty();
        assertThat(answer.headers().firstValue("x-request-id")).as(path).isPresent();
      }
      assertThat(get(platform.url(), "/admin/v1/tenants").headers().firstValue("cache-control"))
          .hasValueSatisfying(cache -> assertThat(cache).contains("no-store"));
      String console = get(platform.url(), "/console/").body();
      assertThat(console)
          .doesNotContainPattern("<script(?![^>]*\\bsrc=)")
          .doesNotContainPattern("\\son[a-z]+=")
          .doesNotContain("<style", " style=");
      assertThat(get(platform.url(), "/docs").statusCode()).isIn(200, 302);
    }
  }

  @Test
  void operatorsHaveAPortOfTheirOwnWhenOneIsSet() throws Exception {
    try (ScriptedEngine engine = new ScriptedEngine();
        TestRedis redis = TestRedis.start();
        PlatformUnderTest platform =
            PlatformUnderTest.start(engine, redis, Map.of("baton.admin.port", 0))) {
      URI tenants = platform.url();
      URI operators = URI.create("http://127.0.0.1:" + platform.bean(AdminPort.class).port());
      assertThat(operators).isNotEqualTo(tenants);
      for (String path :
          List.of(
              "/admin/v1/tenants",
              "/%61dmin/v1/tenants",
              "/admin",
              "/console/",
              "/actuator/prometheus",
              "/v3/api-docs/admin")) {
        assertThat(get(tenants, path).statusCode()).as(path).isEqualTo(404);
      }
      for (String path :
          List.of("/admin/v1/tenants", "/console/", "/actuator/prometheus", "/v3/api-docs/admin")) {
        assertThat(get(operators, path).statusCode()).as(path).isEqualTo(200);
      }
      String key = platform.issueKey(platform.createTenant("Separate")).secret();
      assertThat(platform.send(platform.request("/v1/models", key).build()).statusCode())
          .isEqualTo(200);
      assertThat(get(operators, "/v1/models").statusCode()).isEqualTo(404);
      // The console's playground chats where the console is; an admin's token is no key there.
      assertThat(chat(operators, key, engine).body()).contains("Hello");
      assertThat(get(operators, "/v1/chat/completions").statusCode()).isEqualTo(401);
      for (URI port : List.of(tenants, operators)) {
        assertThat(get(port, "/actuator/health/readiness").statusCode()).isEqualTo(200);
      }
    }
  }

  @Test
  void headsThatAreTooLongAreRefused() throws Exception {
    try (ScriptedEngine engine = new ScriptedEngine();
        TestRedis redis = TestRedis.start();
        PlatformUnderTest platform = PlatformUnderTest.start(engine, redis, Map.of())) {
      HttpResponse<String> longHeader =
          platform.send(
              platform.request("/v1/models", "bt_x").header("x-long", "a".repeat(20_000)).build());
      assertThat(longHeader.statusCode()).isEqualTo(431);
      assertThat(get(platform.url(), "/v1/models?q=" + "a".repeat(10_000)).statusCode())
          .isEqualTo(414);
      assertThat(get(platform.url(), "/v1/models").statusCode()).isEqualTo(401);
    }
  }

  private static HttpResponse<String> chat(URI base, String key, ScriptedEngine engine)
      throws Exception {
    try (HttpClient http = HttpClient.newHttpClient()) {
      CompletableFuture<HttpResponse<String>> answer =
          http.sendAsync(
              HttpRequest.newBuilder(base.resolve("/v1/chat/completions"))
                  .header("Authorization", "Bearer " + key)
                  .header("Content-Type", "application/json")
                  .POST(HttpRequest.BodyPublishers.ofString(PlatformUnderTest.chat("")))
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      engine.nextRequest().begin().say("Hello").finish(FinishReason.STOP);
      return answer.get(20, TimeUnit.SECONDS);
    }
  }

  private static HttpResponse<String> get(URI base, String path) throws Exception {
    try (HttpClient http = HttpClient.newHttpClient()) {
      return http.send(
          HttpRequest.newBuilder(base.resolve(path))
              .header("Authorization", "Bearer " + ADMIN_TOKEN)
              .build(),
          HttpResponse.BodyHandlers.ofString());
    }
  }
}
