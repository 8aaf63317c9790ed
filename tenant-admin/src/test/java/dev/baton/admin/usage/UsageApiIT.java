package dev.baton.admin.usage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.admin.AdminNode;
import dev.baton.admin.audit.Actor;
import dev.baton.admin.tenant.Tenants;
import dev.baton.testing.RedisServer;
import java.math.BigDecimal;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.http.MediaType;
import org.springframework.test.web.reactive.server.WebTestClient.BodyContentSpec;
import org.springframework.test.web.reactive.server.WebTestClient.ResponseSpec;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class UsageApiIT {
  @RegisterExtension static final RedisServer REDIS = RedisServer.durable();

  /**
   * In the last minute of an hour, of a day and of a month, so that all of them change within a
   * minute.
   */
  private static final Instant LATE = Instant.parse("2026-10-31T23:59:30Z");

  private static AdminNode node;
  private static String tenant;
  private static String other;

  @BeforeAll
  static void start() {
    node = AdminNode.start(REDIS, "baton.usage.minutes=1000d", "baton.usage.hours=1000d");
    put(
            "/admin/v1/prices",
            """
            {"currency":"EUR","promptPerMillion":2,"cachedPerMillion":0.5,"completionPerMillion":10}
            """)
        .expectStatus()
        .isOk();
    tenant = newTenant("Uses");
    other = newTenant("Uses too");
    settle(tenant, "key1", "v1", LATE, FinishCause.STOP, 100, 80, 10);
    settle(tenant, "key1", "v2", LATE, FinishCause.CANCELLED, 100, 0, 20);
    settle(tenant, "key2", "v2", LATE.plusSeconds(40), FinishCause.FAILED, 50, 50, 1);
    settle(tenant, "key2", null, LATE.plusSeconds(40), FinishCause.LENGTH, 7, 0, 3);
    settle(other, "key3", "v9", LATE, FinishCause.STOP, 1000, 0, 1000);
  }

  @AfterAll
  static void stop() {
    node.close();
  }

  @Test
  void sumsComeByMinuteHourAndDay() {
    for (Map.Entry<String, String> bucket :
        Map.of(
                "minute", "2026-10-31T23:59:00Z",
                "hour", "2026-10-31T23:00:00Z",
                "day", "2026-10-31T00:00:00Z")
            .entrySet()) {
      usage(tenant, "bucket=" + bucket.getKey() + "&" + around())
          .jsonPath("$.items.length()")
          .isEqualTo(2)
          .jsonPath("$.items[0].start")
          .isEqualTo(bucket.getValue())
          .jsonPath("$.items[0].requests")
          .isEqualTo(2)
          .jsonPath("$.items[0].promptTokens")
          .isEqualTo(200)
          .jsonPath("$.items[0].cachedTokens")
          .isEqualTo(80)
          .jsonPath("$.items[0].completionTokens")
          .isEqualTo(30)
          .jsonPath("$.items[0].key")
          .doesNotExist()
          .jsonPath("$.items[1].start")
          .isEqualTo("2026-11-01T00:00:00Z")
          .jsonPath("$.items[1].requests")
          .isEqualTo(2);
    }
  }

  @Test
  void sumsAreGroupedAndPriced() {
    usage(tenant, "bucket=day&groupBy=key,promptVersion,finish&" + around())
        .jsonPath("$.items.length()")
        .isEqualTo(4)
        .jsonPath("$.items[0].key")
        .isEqualTo("key1")
        .jsonPath("$.items[0].promptVersion")
        .isEqualTo("v1")
        .jsonPath("$.items[0].finish")
        .isEqualTo("stop")
        .jsonPath("$.items[0].cost")
        .value(cost -> assertCost(cost, "0.00018"))
        .jsonPath("$.items[0].currency")
        .isEqualTo("EUR")
        .jsonPath("$.items[2].promptVersion")
        .isEqualTo("-")
        .jsonPath("$.items[3].finish")
        .isEqualTo("failed")
        .jsonPath("$.items[3].cost")
        .value(cost -> assertCost(cost, "0"));
  }

  @Test
  void allTenantsOrOneCanBeAskedFor() {
    get("/admin/v1/usage?bucket=day&groupBy=tenant&" + around())
        .jsonPath("$.items.length()")
        .isEqualTo(3)
        .jsonPath("$.items[0].tenant")
        .isEqualTo(tenant)
        .jsonPath("$.items[1].tenant")
        .isEqualTo(other)
        .jsonPath("$.items[1].requests")
        .isEqualTo(1);
    get("/admin/v1/usage?bucket=day&tenant=" + other + "&" + around())
        .jsonPath("$.items.length()")
        .isEqualTo(1)
        .jsonPath("$.items[0].tenant")
        .doesNotExist();
    usage(tenant, "bucket=minute").jsonPath("$.items.length()").isEqualTo(0);
  }

  @Test
  void theLedgerIsReadNewestFirstInPages() {
    List<String> finishes = new ArrayList<>();
    String cursor = "";
    do {
      byte[] page =
          get("/admin/v1/tenants/" + tenant + "/usage/requests?limit=3" + cursor)
              .returnResult()
              .getResponseBody();
      JsonNode read = JsonMapper.shared().readTree(page);
      read.path("items").forEach(item -> finishes.add(item.path("finish").asString()));
      cursor =
          read.path("nextCursor").isNull() ? "" : "&cursor=" + read.path("nextCursor").asString();
    } while (!cursor.isEmpty());
    assertThat(finishes).containsExactly("length", "failed", "cancelled", "stop");
  }

  @Test
  void theLedgerIsExported() {
    String csv =
        Objects.requireNonNull(
            node.admin()
                .get()
                .uri("/admin/v1/tenants/" + tenant + "/usage/export")
                .exchange()
                .expectStatus()
                .isOk()
                .expectHeader()
                .contentTypeCompatibleWith(new MediaType("text", "csv"))
                .expectHeader()
                .valueMatches("Content-Disposition", "attachment; filename=\"usage-.*csv\"")
                .expectBody(String.class)
                .returnResult()
                .getResponseBody());
    List<String> lines = csv.lines().toList();
    assertThat(lines).hasSize(5);
    assertThat(lines.get(0)).startsWith("request_id,began_at,ended_at,key_id,prompt_version");
    assertThat(lines.get(1)).contains(",key1,v1,stop,100,80,10,1,2,3,0.00018").endsWith(",EUR");
    assertThat(lines.get(3)).contains(",key2,v2,failed,50,50,1,").endsWith(",0,EUR");
    assertThat(lines.get(4)).contains(",key2,,length,7,0,3,");
  }

  @Test
  void aLongLedgerIsExportedWhole() {
    String id = newTenant("Long");
    for (int i = 0; i < 1203; i++) {
      settle(id, "key1", null, Instant.now(), FinishCause.STOP, 1, 0, 1);
    }
    String csv =
        Objects.requireNonNull(
            node.admin()
                .get()
                .uri("/admin/v1/tenants/" + id + "/usage/export")
                .exchange()
                .expectBody(String.class)
                .returnResult()
                .getResponseBody());
    assertThat(csv.lines().distinct()).hasSize(1204);
  }

  @Test
  void aNewPriceHoldsFromNowOn() {
    String id = newTenant("Priced");
    Instant before = Instant.now().minus(Duration.ofDays(2));
    settle(id, "key1", null, before, FinishCause.STOP, 1_000_000, 0, 0);
    String query = "bucket=day&from=" + before.minus(Duration.ofDays(1));
    usage(id, query).jsonPath("$.items[0].cost").value(cost -> assertCost(cost, "2"));
    put(
            "/admin/v1/prices",
            """
            {"currency":"USD","promptPerMillion":4,"cachedPerMillion":0,"completionPerMillion":0}
            """)
        .expectStatus()
        .isOk();
    usage(id, query).jsonPath("$.items[0].cost").value(cost -> assertCost(cost, "2"));
    get("/admin/v1/prices").jsonPath("$.promptPerMillion").isEqualTo(4);
    node.admin()
        .put()
        .uri("/admin/v1/prices")
        .header("If-Match", "\"stale\"")
        .contentType(MediaType.APPLICATION_JSON)
        .bodyValue(
            """
            {"currency":"USD","promptPerMillion":5,"cachedPerMillion":0,"completionPerMillion":0}
            """)
        .exchange()
        .expectStatus()
        .isEqualTo(412);
    // The log of the platform names who changed it from what to what; the refused change is not
    // there.
    get("/admin/v1/audit?limit=200")
        .jsonPath("$.items[?(@.action=='prices.updated')].actor")
        .isEqualTo(List.of("admin", "admin"))
        .jsonPath("$.items[?(@.action=='prices.updated')].tenantId")
        .isEqualTo(Arrays.asList(null, null))
        .jsonPath("$.items[?(@.action=='prices.updated')].before")
        .value(digests -> assertThat((List<?>) digests).element(0).asString().hasSize(40))
        .jsonPath("$.items[?(@.action=='prices.updated')].before")
        .value(digests -> assertThat((List<?>) digests).element(1).isNull());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "bucket=week",
        "groupBy=name",
        "groupBy=key,,finish",
        "from=yesterday",
        "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z",
        "bucket=minute&from=2020-01-01T00:00:00Z&to=2026-01-01T00:00:00Z",
        "from=%2B1000000-01-01T00:00:00Z",
        "to=-1000-01-01T00:00:00Z"
      })
  void aQuestionThatMakesNoSenseIsABadRequest(String query) {
    for (String path : List.of("/admin/v1/usage?", "/admin/v1/tenants/" + tenant + "/usage?")) {
      node.admin()
          .get()
          .uri(builder -> URI.create(builder.build() + path + query))
          .exchange()
          .expectStatus()
          .isBadRequest()
          .expectBody()
          .jsonPath("$.type")
          .isEqualTo("urn:baton:problem:invalid-request");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{\"currency\":\"eur\",\"promptPerMillion\":1,\"cachedPerMillion\":1,\"completionPerMillion\":1}",
        "{\"currency\":\"EUR\",\"promptPerMillion\":-1,\"cachedPerMillion\":1,\"completionPerMillion\":1}",
        "{\"currency\":\"EUR\",\"promptPerMillion\":1e999999,\"cachedPerMillion\":1,\"completionPerMillion\":1}",
        "{\"currency\":\"EUR\",\"promptPerMillion\":1e-99,\"cachedPerMillion\":1,\"completionPerMillion\":1}"
      })
  void aPriceThatMakesNoSenseIsABadRequest(String body) {
    put("/admin/v1/prices", body).expectStatus().isBadRequest();
  }

  private static String around() {
    return "from=2026-10-31T23:59:00Z&to=2026-11-01T00:01:00Z";
  }

  private static void settle(
      String tenant,
      String key,
      @Nullable String version,
      Instant at,
      FinishCause finish,
      int prompt,
      int cached,
      int completion) {
    node.bean(Ledger.class)
        .settle(
            new Settlement(
                "req_" + System.nanoTime(),
                tenant,
                key,
                version,
                at,
                at,
                finish,
                prompt,
                cached,
                completion,
                Duration.ofMillis(1),
                Duration.ofMillis(2),
                Duration.ofMillis(3)))
        .block();
  }

  private static void assertCost(Object found, String expected) {
    assertThat(new BigDecimal(found.toString())).isEqualByComparingTo(expected);
  }

  private static BodyContentSpec usage(String tenant, String query) {
    return get("/admin/v1/tenants/" + tenant + "/usage?" + query);
  }

  private static BodyContentSpec get(String path) {
    return node.admin().get().uri(path).exchange().expectStatus().isOk().expectBody();
  }

  private static ResponseSpec put(String path, String body) {
    return node.admin()
        .put()
        .uri(path)
        .header("If-Match", "*")
        .contentType(MediaType.APPLICATION_JSON)
        .bodyValue(body)
        .exchange();
  }

  private static String newTenant(String name) {
    return Objects.requireNonNull(node.bean(Tenants.class).create(Actor.ADMIN, name).block()).id();
  }
}
