package dev.baton.admin.audit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.admin.AdminNode;
import dev.baton.admin.http.IfMatch;
import dev.baton.admin.tenant.Tenant;
import dev.baton.admin.tenant.Tenants;
import dev.baton.testing.RedisServer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.http.MediaType;

/** The log of all tenants as one, page by page and as a file. */
class AuditApiIT {
  private static final int TENANTS = 12;

  @RegisterExtension static final RedisServer REDIS = RedisServer.durable();

  private static AdminNode node;
  private static final List<String> IDS = new ArrayList<>();

  @BeforeAll
  static void start() {
    node = AdminNode.start(REDIS);
    Tenants tenants = node.bean(Tenants.class);
    for (int i = 0; i < TENANTS; i++) {
      Tenant tenant =
          Objects.requireNonNull(tenants.create(new Actor("alice"), "Audited " + i).block());
      IDS.add(tenant.id());
      tenants.suspend(new Actor("bob"), tenant.id(), IfMatch.WHATEVER).block();
      // Asked for again, nothing happens, so that nothing is written down.
      tenants.suspend(new Actor("bob"), tenant.id(), IfMatch.WHATEVER).block();
      tenants.resume(new Actor("bob"), tenant.id(), IfMatch.WHATEVER).block();
    }
  }

  @AfterAll
  static void stop() {
    node.close();
  }

  record Entries(List<AuditEntry> items, @Nullable String nextCursor) {}

  @Test
  void pagesHoldEveryEntryOnceNewestFirst() {
    List<AuditEntry> all = new ArrayList<>();
    String cursor = null;
    do {
      Entries page = page("/admin/v1/audit?limit=5" + (cursor == null ? "" : "&cursor=" + cursor));
      all.addAll(page.items());
      cursor = page.nextCursor();
    } while (cursor != null);
    assertThat(all).hasSize(3 * TENANTS).doesNotHaveDuplicates();
    for (int i = 1; i < all.size(); i++) {
      assertThat(all.get(i).at()).isBeforeOrEqualTo(all.get(i - 1).at());
    }
    assertThat(all).extracting(AuditEntry::actor).containsOnly("alice", "bob");
  }

  @Test
  void anEntryTellsTheStateBeforeAndAfterByTheirDigests() {
    List<AuditEntry> entries = page("/admin/v1/tenants/" + IDS.getFirst() + "/audit").items();
    assertThat(entries)
        .extracting(AuditEntry::action)
        .containsExactly("tenant.resumed", "tenant.suspended", "tenant.created");
    assertThat(entries.get(2).before()).isNull();
    assertThat(entries.get(1).before()).isEqualTo(entries.get(2).after());
    // Resumed, it is what it was: the chain of digests closes.
    assertThat(entries.get(0).after()).isEqualTo(entries.get(2).after());
  }

  @Test
  void theExportIsOneJsonObjectALine() {
    List<AuditEntry> entries =
        Objects.requireNonNull(
            node.admin()
                .get()
                .uri("/admin/v1/audit/export")
                .exchange()
                .expectStatus()
                .isOk()
                .expectHeader()
                .contentTypeCompatibleWith(MediaType.APPLICATION_NDJSON)
                .expectBodyList(AuditEntry.class)
                .returnResult()
                .getResponseBody());
    assertThat(entries).hasSize(3 * TENANTS).doesNotHaveDuplicates();
    List<AuditEntry> ofOne =
        node.admin()
            .get()
            .uri("/admin/v1/tenants/" + IDS.get(3) + "/audit/export")
            .exchange()
            .expectStatus()
            .isOk()
            .expectBodyList(AuditEntry.class)
            .returnResult()
            .getResponseBody();
    assertThat(ofOne)
        .extracting(AuditEntry::action)
        .containsExactly("tenant.created", "tenant.suspended", "tenant.resumed");
    for (String gone : List.of("ten_0000000000000000", "x")) {
      node.admin()
          .get()
          .uri("/admin/v1/tenants/" + gone + "/audit/export")
          .exchange()
          .expectStatus()
          .isNotFound();
    }
  }

  private static Entries page(String path) {
    return Objects.requireNonNull(
        node.admin()
            .get()
            .uri(path)
            .exchange()
            .expectStatus()
            .isOk()
            .expectBody(Entries.class)
            .returnResult()
            .getResponseBody());
  }
}
