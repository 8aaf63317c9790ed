package dev.baton.admin.tenant;

import java.util.List;
import reactor.core.publisher.Mono;

/** What a capability holds of a tenant, and how it goes when the tenant is purged. */
public interface TenantData {

  /**
   * Frees what lies outside the store; repeated until it succeeds. The tenant's requests are
   * refused by then.
   */
  default Mono<Void> free(String tenantId) {
    return Mono.empty();
  }

  /** The tenant's keys in the store that go; all with its hash tag. */
  List<String> storedAt(String tenantId);
}
