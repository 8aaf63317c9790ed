package dev.baton.platform.routing;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * Requests under way, by tenant: a bulkhead that forgets a tenant with its last request, so that it
 * holds as many entries as there are requests, not as there are tenants.
 */
final class TenantPlaces {
  private final ConcurrentMap<String, Integer> taken = new ConcurrentHashMap<>();
  private final int limit;

  TenantPlaces(int limit) {
    this.limit = limit;
  }

  /** Takes a place, or says that the tenant has none left. */
  boolean tryTake(String tenantId) {
    boolean[] granted = new boolean[1];
    taken.compute(
        tenantId,
        (tenant, count) -> {
          int now = count == null ? 0 : count;
          granted[0] = now < limit;
          return granted[0] ? Integer.valueOf(now + 1) : count;
        });
    return granted[0];
  }

  void giveBack(String tenantId) {
    taken.computeIfPresent(tenantId, (tenant, count) -> count == 1 ? null : count - 1);
  }

  /** Tenants with a request under way. */
  int tenants() {
    return taken.size();
  }
}
