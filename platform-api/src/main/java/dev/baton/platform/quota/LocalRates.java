package dev.baton.platform.quota;

import dev.baton.admin.limits.AppliedLimits;
import dev.baton.admin.limits.LimitKind;
import dev.baton.admin.limits.Scope;
import dev.baton.admin.limits.Used;
import dev.baton.admin.limits.Verdict;
import dev.baton.admin.storage.BoundedCache;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.springframework.stereotype.Component;

/**
 * What this node has admitted in the last minute, for the time in which Redis can not be asked: it
 * then grants its share of each rate. Everything admitted is counted here, so that an outage does
 * not begin with an empty minute. The least recently seen callers are forgotten first.
 */
@Component
final class LocalRates {
  private static final List<LimitKind> RATES =
      List.of(
          LimitKind.CONCURRENT_STREAMS, LimitKind.REQUESTS_PER_MINUTE, LimitKind.TOKENS_PER_MINUTE);

  private final BoundedCache<String, MinuteWindow> windows;
  private final double share;

  LocalRates(QuotaSettings settings) {
    windows = new BoundedCache<>(settings.rememberedCallers(), window -> 1);
    share = settings.localShare();
  }

  /** The windows of one request, and the second it is counted in. */
  record Entry(MinuteWindow tenant, MinuteWindow key, long second, long tokens) {
    /** Ends the request, which used this much. */
    void end(long used) {
      for (MinuteWindow window : List.of(tenant, key)) {
        window.addStreams(-1);
        window.add(LocalRates.second(), second, 0, used - tokens);
      }
    }
  }

  /** Counts a request that was admitted. */
  Entry count(String tenantId, String keyId, long tokens) {
    long now = second();
    Entry entry =
        new Entry(window(tenantId, now), window(tenantId + ' ' + keyId, now), now, tokens);
    for (MinuteWindow window : List.of(entry.tenant(), entry.key())) {
      window.addStreams(1);
      window.add(now, now, 1, tokens);
    }
    return entry;
  }

  /**
   * Whether a request fits this node's share of the rates; does not count it. Between two callers
   * at once it may say yes to both, which is within the bound of an outage anyway.
   */
  Verdict judge(Instant at, String tenantId, String keyId, long tokens, AppliedLimits limits) {
    long now = second();
    Used tenant = used(window(tenantId, now), now);
    Used key = used(window(tenantId + ' ' + keyId, now), now);
    for (LimitKind kind : RATES) {
      long wanted = kind == LimitKind.TOKENS_PER_MINUTE ? tokens : 1;
      for (Scope scope : Scope.values()) {
        Long limit = kind.of(limits.of(scope));
        long used = (scope == Scope.TENANT ? tenant : key).of(kind);
        if (limit != null && used + wanted > limit) {
          Duration wait = kind == LimitKind.CONCURRENT_STREAMS ? null : Duration.ofSeconds(5);
          return new Verdict.Refused(at, tenant, key, scope, kind, wait, wanted > limit);
        }
      }
    }
    return new Verdict.Admitted(at, tenant, key);
  }

  /** This node's part of the limits. */
  AppliedLimits share(AppliedLimits limits) {
    return new AppliedLimits(limits.tenant().part(share), limits.key().part(share));
  }

  private synchronized MinuteWindow window(String caller, long now) {
    MinuteWindow window = windows.get(caller);
    if (window == null) {
      window = new MinuteWindow(now);
      windows.put(caller, window);
    }
    return window;
  }

  private static Used used(MinuteWindow window, long now) {
    MinuteWindow.Count count = window.count(now);
    return new Used(count.requests(), count.tokens(), count.streams(), 0, 0);
  }

  private static long second() {
    return TimeUnit.NANOSECONDS.toSeconds(System.nanoTime());
  }
}
