package dev.baton.admin.tenant;

import dev.baton.admin.audit.Actor;
import dev.baton.admin.http.AdminBody;
import dev.baton.admin.http.AdminProblem;
import dev.baton.admin.http.Names;
import dev.baton.admin.http.Page;
import dev.baton.admin.storage.Ids;
import java.net.URI;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PatchMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
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
  Mono<ResponseEntity<Tenant>> create(@RequestBody NamedTenant body) {
    return tenants
        .create(Actor.ADMIN, Names.check("name", body.name()))
        .map(tenant ->
            ResponseEntity.created(URI.create("/admin/v1/tenants/" + tenant.id())).body(tenant));
  }

  /** Lists tenants by creation. */
  @GetMapping
  Mono<Page<Tenant>> list(
      @RequestParam(required = false) @Nullable String after,
      @RequestParam(required = false) @Nullable Integer limit) {
    if (after != null && !Ids.isTenant(after)) {
      throw AdminProblem.invalid("after", "must be the id of a tenant");
    }
    return tenants.list(after == null ? "" : after, Page.limit(limit));
  }

  /** One tenant. */
  @GetMapping("/{tenantId}")
  Mono<Tenant> get(@PathVariable String tenantId) {
    return tenants.get(tenantId);
  }

  /** Renames a tenant. */
  @PatchMapping("/{tenantId}")
  Mono<Tenant> rename(@PathVariable String tenantId, @RequestBody NamedTenant body) {
    return tenants.rename(Actor.ADMIN, tenantId, Names.check("name", body.name()));
  }

  /** Refuses the tenant's requests from now on. */
  @PostMapping("/{tenantId}/suspend")
  Mono<Tenant> suspend(@PathVariable String tenantId) {
    return tenants.suspend(Actor.ADMIN, tenantId);
  }

  /** Serves the tenant again. */
  @PostMapping("/{tenantId}/resume")
  Mono<Tenant> resume(@PathVariable String tenantId) {
    return tenants.resume(Actor.ADMIN, tenantId);
  }
}
