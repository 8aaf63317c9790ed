package dev.baton.admin.tenant;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.admin.AdminNode;
import dev.baton.admin.storage.Ids;
import dev.baton.testing.RedisServer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.data.redis.core.ReactiveStringRedisTemplate;
import org.springframework.data.redis.core.ZSetOperations.TypedTuple;
import org.springframework.test.web.reactive.server.WebTestClient;

class TenantApiIT {
  @RegisterExtension static final RedisServer REDIS = RedisServer.durable();

  private static AdminNode node;

  @BeforeAll
  static void start() {
    node = AdminNode.start(REDIS);
  }

  @AfterAll
  static void stop() {
    node.close();
  }

  @Test
  void aTenantIsCreatedFoundRenamedSuspendedAndResumed() {
    String id = create("Northwind");
    at(id).jsonPath("$.name").isEqualTo("Northwind").jsonPath("$.status").isEqualTo("ACTIVE");
    node.admin()
        .patch()
        .uri("/admin/v1/tenants/{id}", id)
        .header("If-Match", "*")
        .bodyValue(Map.of("name", "Northwind Bicycles"))
        .exchange()
        .expectStatus()
        .isOk();
    post("/admin/v1/tenants/" + id + "/suspend").expectStatus().isOk();
    at(id)
        .jsonPath("$.name")
        .isEqualTo("Northwind Bicycles")
        .jsonPath("$.status")
        .isEqualTo("SUSPENDED");
    post("/admin/v1/tenants/" + id + "/resume").expectStatus().isOk();
    at(id).jsonPath("$.status").isEqualTo("ACTIVE");
    assertThat(create("Northwind")).isNotEqualTo(id);
  }

  @Test
  void twoTenantsNeverShareAName() {
    create("Contoso Ltd");
    for (String same : List.of("Contoso Ltd", "CONTOSO  ltd", "  contoso ltd ", "Ｃontoso Ltd")) {
      postTenant(same)
          .expectStatus()
          .isEqualTo(409)
          .expectBody()
          .jsonPath("$.type")
          .isEqualTo("urn:baton:problem:tenant-name-taken");
    }
  }

  @Test
  void namesThatHideSomethingAreRefused() {
    for (String name :
        List.of(
            "", "   ", "a\r\nSet-Cookie: x", "a\u0000b", "a\u202eb", "\u200d", "x".repeat(101))) {
      postTenant(name)
          .expectStatus()
          .isBadRequest()
          .expectBody()
          .jsonPath("$.errors[0].field")
          .isEqualTo("name");
    }
  }

  @Test
  void theListIsPagedByCreationWithoutGapsOrRepeats() {
    List<String> created = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      created.add(create("Paged " + i));
    }
    List<String> listed = new ArrayList<>();
    String cursor = null;
    do {
      TenantPage page = page(cursor);
      page.items().forEach(tenant -> listed.add(tenant.id()));
      cursor = page.nextCursor();
    } while (cursor != null);
    assertThat(listed).doesNotHaveDuplicates().containsAll(created).isSorted();
  }

  @Test
  void aSearchFindsByNameOrIdOnWhicheverPageTheyWouldBe() {
    List<String> wanted = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      String id = create("Searched " + (i % 10 == 3 ? "Zürich " : "elsewhere ") + i);
      if (i % 10 == 3) {
        wanted.add(id);
      }
    }
    List<String> found = new ArrayList<>();
    String cursor = null;
    do {
      TenantPage page = page(cursor, "search= ZÜRICH ");
      page.items().forEach(tenant -> found.add(tenant.id()));
      cursor = page.nextCursor();
    } while (cursor != null);
    assertThat(found).isEqualTo(wanted);
    assertThat(page(null, "search=" + wanted.get(1)).items())
        .extracting(Tenant::id)
        .containsExactly(wanted.get(1));
    assertThat(page(null, "search=nobody is called so").items()).isEmpty();

    node.admin()
        .delete()
        .uri("/admin/v1/tenants/{id}", wanted.get(1))
        .header("If-Match", "*")
        .exchange()
        .expectStatus()
        .isAccepted();
    assertThat(page(null, "search=" + wanted.get(1)).items()).hasSize(1);
    assertThat(page(null, "deleted=false&search=" + wanted.get(1)).items()).isEmpty();
    for (String senseless : List.of("deleted=perhaps", "search=" + "x".repeat(101))) {
      node.admin()
          .get()
          .uri("/admin/v1/tenants?" + senseless)
          .exchange()
          .expectStatus()
          .isBadRequest();
    }
  }

  @Test
  void aPageThatLookedThroughManyEndsEarlyAndNamesWhereToGoOn() {
    String first = create("Before the many");
    ReactiveStringRedisTemplate redis = node.bean(ReactiveStringRedisTemplate.class);
    // Ids of tenants that were never written, as a writer's death leaves them.
    String now = Ids.encode(System.currentTimeMillis(), 10);
    List<TypedTuple<String>> many =
        IntStream.range(0, 2500)
            .mapToObj(i -> TypedTuple.of("ten_" + now + Ids.encode(i, 6), 0d))
            .toList();
    redis.opsForZSet().addAll("baton:{index}:tenants", many).block();
    TenantPage page = page(first, "search=behind");
    assertThat(page.items()).isEmpty();
    assertThat(page.nextCursor()).isNotNull();
    String last = create("Behind the many");
    List<String> found = new ArrayList<>();
    for (String cursor = first; cursor != null; cursor = page.nextCursor()) {
      page = page(cursor, "search=behind the many");
      page.items().forEach(tenant -> found.add(tenant.id()));
    }
    assertThat(found).containsExactly(last);
    Object[] gone = many.stream().map(TypedTuple::getValue).toArray();
    assertThat(redis.opsForZSet().remove("baton:{index}:tenants", gone).block()).isEqualTo(2500);
  }

  record TenantPage(List<Tenant> items, @Nullable String nextCursor) {}

  private static TenantPage page(@Nullable String cursor) {
    return page(cursor, "limit=2");
  }

  private static TenantPage page(@Nullable String cursor, String query) {
    TenantPage page =
        node.admin()
            .get()
            .uri("/admin/v1/tenants?" + query + (cursor == null ? "" : "&cursor=" + cursor))
            .exchange()
            .expectStatus()
            .isOk()
            .expectBody(TenantPage.class)
            .returnResult()
            .getResponseBody();
    assertThat(page).isNotNull();
    return page;
  }

  private static String create(String name) {
    Tenant tenant =
        postTenant(name)
            .expectStatus()
            .isCreated()
            .expectBody(Tenant.class)
            .returnResult()
            .getResponseBody();
    assertThat(tenant).isNotNull();
    return tenant.id();
  }

  private static WebTestClient.ResponseSpec postTenant(String name) {
    return node.admin().post().uri("/admin/v1/tenants").bodyValue(Map.of("name", name)).exchange();
  }

  private static WebTestClient.ResponseSpec post(String path) {
    return node.admin().post().uri(path).exchange();
  }

  private static WebTestClient.BodyContentSpec at(String id) {
    return node.admin()
        .get()
        .uri("/admin/v1/tenants/{id}", id)
        .exchange()
        .expectStatus()
        .isOk()
        .expectBody();
  }
}
