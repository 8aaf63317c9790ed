package dev.baton.admin.audit;

import dev.baton.admin.http.AdminProblem;
import dev.baton.admin.http.Page;
import dev.baton.admin.storage.Ids;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** {@code /admin/v1/audit} and {@code /admin/v1/tenants/{id}/audit}. */
@RestController
@RequestMapping("/admin/v1")
final class AuditEndpoint {
  private final AuditLog log;

  AuditEndpoint(AuditLog log) {
    this.log = log;
  }

  /** Who changed what, newest first, of all tenants or one, purged ones too. */
  @GetMapping("/audit")
  Mono<Page<AuditEntry>> page(
      @RequestParam(required = false) @Nullable String tenant,
      @RequestParam(required = false) @Nullable String cursor,
      @RequestParam(required = false) @Nullable Integer limit) {
    if (tenant != null && !Ids.isTenant(tenant)) {
      throw AdminProblem.invalid("tenant", "is no tenant's id");
    }
    return log.page(tenant, position(cursor), Page.limit(limit));
  }

  /** Who changed what of a tenant, newest first. */
  @GetMapping("/tenants/{tenantId}/audit")
  Mono<Page<AuditEntry>> pageOfTenant(
      @PathVariable String tenantId,
      @RequestParam(required = false) @Nullable String cursor,
      @RequestParam(required = false) @Nullable Integer limit) {
    requireTenant(tenantId);
    AuditLog.Position after = position(cursor);
    int checked = Page.limit(limit);
    return log.requireAny(tenantId).then(Mono.defer(() -> log.page(tenantId, after, checked)));
  }

  /** All entries, tenant by tenant and in each the oldest first: one JSON object a line. */
  @GetMapping(path = "/audit/export", produces = MediaType.APPLICATION_NDJSON_VALUE)
  ResponseEntity<Flux<AuditEntry>> export() {
    return file(log.export());
  }

  /** All entries of a tenant, the oldest first: one JSON object a line. */
  @GetMapping(
      path = "/tenants/{tenantId}/audit/export",
      produces = MediaType.APPLICATION_NDJSON_VALUE)
  Mono<ResponseEntity<Flux<AuditEntry>>> exportOfTenant(@PathVariable String tenantId) {
    requireTenant(tenantId);
    return log.requireAny(tenantId).thenReturn(file(log.export(tenantId)));
  }

  private static ResponseEntity<Flux<AuditEntry>> file(Flux<AuditEntry> entries) {
    return ResponseEntity.ok()
        .header(HttpHeaders.CONTENT_DISPOSITION, "attachment; filename=\"audit.ndjson\"")
        .body(entries);
  }

  private static void requireTenant(String tenantId) {
    if (!Ids.isTenant(tenantId)) {
      throw AdminProblem.notFound("tenant");
    }
  }

  private static AuditLog.@Nullable Position position(@Nullable String cursor) {
    try {
      return cursor == null ? null : AuditLog.Position.parse(cursor);
    } catch (IllegalArgumentException e) {
      throw AdminProblem.invalid("cursor", "must be the nextCursor of a page of the audit log");
    }
  }
}
