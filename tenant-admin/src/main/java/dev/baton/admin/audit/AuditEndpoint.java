package dev.baton.admin.audit;

import dev.baton.admin.http.AdminProblem;
import dev.baton.admin.http.Page;
import dev.baton.admin.storage.Ids;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Mono;

/** {@code GET /admin/v1/audit}. */
@RestController
@RequestMapping("/admin/v1/audit")
final class AuditEndpoint {
  private final AuditLog log;

  AuditEndpoint(AuditLog log) {
    this.log = log;
  }

  /** Who changed what, newest first, of all tenants or one. */
  @GetMapping
  Mono<Page<AuditEntry>> page(
      @RequestParam(required = false) @Nullable String tenant,
      @RequestParam(required = false) @Nullable String cursor,
      @RequestParam(required = false) @Nullable Integer limit) {
    if (tenant != null && !Ids.isTenant(tenant)) {
      throw AdminProblem.invalid("tenant", "is no tenant's id");
    }
    return log.page(tenant, position(cursor), Page.limit(limit));
  }

  private static AuditLog.@Nullable Position position(@Nullable String after) {
    try {
      return after == null ? null : AuditLog.Position.parse(after);
    } catch (IllegalArgumentException e) {
      throw AdminProblem.invalid("cursor", "must be the nextCursor of a page of the audit log");
    }
  }
}
