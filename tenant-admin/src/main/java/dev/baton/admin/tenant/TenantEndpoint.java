package dev.baton.admin.tenant;

import dev.baton.admin.audit.Actor;
import dev.baton.admin.http.AdminBody;
import dev.baton.admin.http.AdminProblem;
import dev.baton.admin.http.IfMatch;
import dev.baton.admin.http.Names;
import dev.baton.admin.http.Page;
import dev.baton.admin.storage.Ids;
import java.net.URI;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PatchMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Mono;

/** {@code /admin/v1/tenants}. */
@RestController
@RequestMapping("/admin/v1/tenants")
final class TenantEndpoint {

  /** Body of a creation or a rename. */
  record NamedTenant(@Nullable String name) implements AdminBody {}

  private final Tenants tenants;

  TenantEndpoint(Tenants tenants) {
    this.tenants = tenants;
  }

  /** Creates a tenant. */
  @PostMapping
  Mono<ResponseEntity<Tenant>> create(Actor actor, @RequestBody NamedTenant body) {
    return tenants
        .create(actor, Names.check("name", body.name()))
        .map(tenant ->
            ResponseEntity.created(URI.create("/admin/v1/tenants/" + tenant.id()))
                .eTag(tenant.etag())
                .body(tenant));
  }

  /**
   * Lists tenants by creation, deleted ones too until they are purged.
   *
   * @param search only those with this in their name or id
   * @param deleted false leaves deleted ones out
   */
  @GetMapping
  Mono<Page<Tenant>> list(
      @RequestParam(required = false) @Nullable String cursor,
      @RequestParam(required = false) @Nullable Integer limit,
      @RequestParam(required = false) @Nullable String search,
      @RequestParam(required = false) @Nullable Boolean deleted) {
    if (cursor != null && !Ids.isTenant(cursor)) {
      throw AdminProblem.invalid("cursor", "must be the nextCursor of a page of tenants");
    }
    return tenants.list(
        cursor == null ? "" : cursor, Page.limit(limit), TenantFilter.of(search, deleted));
  }

  /** One tenant. */
  @GetMapping("/{tenantId}")
  Mono<ResponseEntity<Tenant>> get(@PathVariable String tenantId) {
    return tenants.get(tenantId).map(TenantEndpoint::tagged);
  }

  /** Renames a tenant. */
  @PatchMapping("/{tenantId}")
  Mono<ResponseEntity<Tenant>> rename(
      Actor actor,
      @PathVariable String tenantId,
      @RequestHeader HttpHeaders headers,
      @RequestBody NamedTenant body) {
    return tenants
        .rename(actor, tenantId, Names.check("name", body.name()), IfMatch.of(headers))
        .map(TenantEndpoint::tagged);
  }

  /** Deletes a tenant; it can be restored until {@code purgeAt}, when all it owns is removed. */
  @DeleteMapping("/{tenantId}")
  Mono<ResponseEntity<Tenant>> delete(
      Actor actor, @PathVariable String tenantId, @RequestHeader HttpHeaders headers) {
    return tenants
        .delete(actor, tenantId, IfMatch.of(headers))
        .map(tenant -> ResponseEntity.accepted().eTag(tenant.etag()).body(tenant));
  }

  /** Brings a deleted tenant back. */
  @PostMapping("/{tenantId}/restore")
  Mono<ResponseEntity<Tenant>> restore(Actor actor, @PathVariable String tenantId) {
    return tenants.restore(actor, tenantId).map(TenantEndpoint::tagged);
  }

  /** Refuses the tenant's requests from now on and ends those that run. */
  @PostMapping("/{tenantId}/suspend")
  Mono<ResponseEntity<Tenant>> suspend(
      Actor actor, @PathVariable String tenantId, @RequestHeader HttpHeaders headers) {
    return tenants.suspend(actor, tenantId, IfMatch.optional(headers)).map(TenantEndpoint::tagged);
  }

  /** Serves the tenant again. */
  @PostMapping("/{tenantId}/resume")
  Mono<ResponseEntity<Tenant>> resume(
      Actor actor, @PathVariable String tenantId, @RequestHeader HttpHeaders headers) {
    return tenants.resume(actor, tenantId, IfMatch.optional(headers)).map(TenantEndpoint::tagged);
  }

  private static ResponseEntity<Tenant> tagged(Tenant tenant) {
    return ResponseEntity.ok().eTag(tenant.etag()).body(tenant);
  }
}
