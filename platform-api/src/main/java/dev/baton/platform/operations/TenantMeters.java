package dev.baton.platform.operations;

import dev.baton.engine.TokenUsage;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Requests and tokens by tenant id, never by name, and only for as many tenants as the settings
 * allow: those after them are counted together as {@code other}.
 */
final class TenantMeters {
  private static final String OTHER = "other";

  private final MeterRegistry meters;
  private final int limit;
  private final Map<String, Counters> tenants = new ConcurrentHashMap<>();

  TenantMeters(MeterRegistry meters, int limit) {
    this.meters = meters;
    this.limit = limit;
  }

  private record Counters(Counter requests, Counter prompt, Counter completion) {}

  void ended(String tenantId, TokenUsage usage) {
    if (limit == 0) {
      return;
    }
    Counters counters = tenants.get(tenantId);
    if (counters == null) {
      counters = admit(tenantId);
    }
    counters.requests().increment();
    counters.prompt().increment(usage.promptTokens());
    counters.completion().increment(usage.completionTokens());
  }

  private synchronized Counters admit(String tenantId) {
    boolean room = tenants.containsKey(tenantId) || tenants.size() < limit;
    return tenants.computeIfAbsent(room ? tenantId : OTHER, this::counters);
  }

  private Counters counters(String tenant) {
    return new Counters(
        Counter.builder("baton.tenant.requests").tag("tenant", tenant).register(meters),
        tokens(tenant, "prompt"),
        tokens(tenant, "completion"));
  }

  private Counter tokens(String tenant, String kind) {
    return Counter.builder("baton.tenant.tokens")
        .tag("tenant", tenant)
        .tag("kind", kind)
        .register(meters);
  }
}
