package dev.baton.admin.limits;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.admin.AdminNode;
import dev.baton.admin.apikey.ApiKeys;
import dev.baton.admin.audit.Actor;
import dev.baton.admin.tenant.Tenants;
import dev.baton.testing.RedisServer;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.http.MediaType;
import org.springframework.test.web.reactive.server.EntityExchangeResult;
import org.springframework.test.web.reactive.server.WebTestClient.ResponseSpec;

class LimitsApiIT {
  @RegisterExtension static final RedisServer REDIS = RedisServer.durable();

  private static AdminNode node;
  private static String tenant;
  private static String key;

  @BeforeAll
  static void start() {
    node = AdminNode.start(REDIS);
    tenant = newTenant("Limited");
    key =
        Objects.requireNonNull(
                node.bean(ApiKeys.class).issue(Actor.ADMIN, tenant, "k", null).block())
            .id();
  }

  @AfterAll
  static void stop() {
    node.close();
  }

  @Test
  void limitsOfATenantAreReplacedByWhoHasSeenThem() {
    String id = newTenant("Replaced");
    String path = "/admin/v1/tenants/" + id + "/limits";
    EntityExchangeResult<byte[]> none =
        get(path)
            .expectStatus()
            .isOk()
            .expectBody()
            .jsonPath("$.requestsPerMinute")
            .isEmpty()
            .jsonPath("$.clientSystemMessages")
            .isEmpty()
            .returnResult();
    String seen = tag(none);
    String body = "{\"requestsPerMinute\":60,\"clientSystemMessages\":\"refuse\"}";
    EntityExchangeResult<byte[]> set =
        put(path, body, seen)
            .expectStatus()
            .isOk()
            .expectBody()
            .jsonPath("$.requestsPerMinute")
            .isEqualTo(60)
            .jsonPath("$.tokensPerDay")
            .isEmpty()
            .jsonPath("$.clientSystemMessages")
            .isEqualTo("refuse")
            .returnResult();
    assertThat(tag(set)).isNotEqualTo(seen);
    assertThat(tag(get(path).expectBody().returnResult())).isEqualTo(tag(set));
    problem(put(path, body, seen), 412, "precondition-failed");
    problem(put(path, body, ""), 428, "precondition-required");
    put(path, "{}", "*").expectStatus().isOk();
    get(path).expectBody().jsonPath("$.requestsPerMinute").isEmpty();
    node.admin()
        .get()
        .uri("/admin/v1/audit?tenant=" + id)
        .exchange()
        .expectBody()
        .jsonPath("$.items[0].action")
        .isEqualTo("limits.updated")
        .jsonPath("$.items[2].action")
        .isEqualTo("tenant.created");
  }

  @Test
  void aKeysLimitsAreItsOwn() {
    String path = "/admin/v1/tenants/" + tenant + "/keys/" + key + "/limits";
    put(path, "{\"tokensPerMonth\":1000000}", "*").expectStatus().isOk();
    get(path).expectBody().jsonPath("$.tokensPerMonth").isEqualTo(1_000_000);
    get("/admin/v1/tenants/" + tenant + "/limits")
        .expectBody()
        .jsonPath("$.tokensPerMonth")
        .isEmpty();
    problem(node.admin().delete().uri(path).exchange(), 428, "precondition-required");
    node.admin()
        .delete()
        .uri(path)
        .header("If-Match", tag(get(path).expectBody().returnResult()))
        .exchange()
        .expectStatus()
        .isNoContent();
    get(path).expectStatus().isOk().expectBody().jsonPath("$.tokensPerMonth").isEmpty();
  }

  @Test
  void whatIsNotThereHasNoLimits() {
    String other = newTenant("Other");
    for (String path :
        new String[] {
          "/admin/v1/tenants/ten_0000000000000000/limits",
          "/admin/v1/tenants/nonsense/limits",
          "/admin/v1/tenants/" + tenant + "/keys/unknown0/limits",
          "/admin/v1/tenants/" + tenant + "/keys/tenant/limits",
          "/admin/v1/tenants/" + other + "/keys/" + key + "/limits"
        }) {
      problem(get(path), 404, "not-found");
      problem(put(path, "{}", "*"), 404, "not-found");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"requestsPerMinute\":0}",
        "{\"requestsPerMinute\":-1}",
        "{\"requestsPerMinute\":1.5}",
        "{\"requestsPerMinute\":\"5\"}",
        "{\"tokensPerDay\":1000000000001}",
        "{\"tokensPerDay\":99999999999999999999}",
        "{\"requestPerMinute\":5}",
        "{\"clientSystemMessages\":\"drop\"}",
        "[]",
        "null",
        ""
      })
  void badLimitsAreRefusedAndNothingChanges(String body) {
    String path = "/admin/v1/tenants/" + tenant + "/limits";
    String before = tag(get(path).expectBody().returnResult());
    problem(put(path, body, "*"), 400, "invalid-request");
    assertThat(tag(get(path).expectBody().returnResult())).isEqualTo(before);
  }

  private static String newTenant(String name) {
    return Objects.requireNonNull(node.bean(Tenants.class).create(Actor.ADMIN, name).block()).id();
  }

  private static ResponseSpec get(String path) {
    return node.admin().get().uri(path).exchange();
  }

  private static ResponseSpec put(String path, String body, String ifMatch) {
    return node.admin()
        .put()
        .uri(path)
        .contentType(MediaType.APPLICATION_JSON)
        .headers(
            headers -> headers.setAll(ifMatch.isEmpty() ? Map.of() : Map.of("If-Match", ifMatch)))
        .bodyValue(body)
        .exchange();
  }

  private static void problem(ResponseSpec response, int status, String code) {
    response
        .expectStatus()
        .isEqualTo(status)
        .expectBody()
        .jsonPath("$.type")
        .isEqualTo("urn:baton:problem:" + code);
  }

  private static String tag(EntityExchangeResult<byte[]> result) {
    return Objects.requireNonNull(result.getResponseHeaders().getETag());
  }
}
