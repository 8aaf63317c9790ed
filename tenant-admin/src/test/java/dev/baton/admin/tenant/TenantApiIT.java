package dev.baton.admin.tenant;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.admin.AdminNode;
import dev.baton.testing.RedisServer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
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

  record TenantPage(List<Tenant> items, @Nullable String nextCursor) {}

  private static TenantPage page(@Nullable String cursor) {
    TenantPage page =
        node.admin()
            .get()
            .uri("/admin/v1/tenants?limit=2" + (cursor == null ? "" : "&cursor=" + cursor))
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
