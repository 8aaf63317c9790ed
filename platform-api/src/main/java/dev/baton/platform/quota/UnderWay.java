package dev.baton.platform.quota;

import dev.baton.admin.limits.Reservations;
import dev.baton.admin.limits.Reservations.Lease;
import dev.baton.admin.usage.Ledger;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.context.event.ContextRefreshedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The requests under way on this node. Their leases are renewed three times in a lease's time, some
 * hundred in one call; what Redis forgot in a crash it is so told again. Bounded by what the engine
 * takes.
 */
@Component
final class UnderWay {
  private static final Logger log = LoggerFactory.getLogger(UnderWay.class);
  private static final int LEASES_A_CALL = 200;

  private final Map<String, Reservation> requests = new ConcurrentHashMap<>();
  private final Reservations reservations;
  private final Disposable.Swap renewing = Disposables.swap();

  UnderWay(Reservations reservations) {
    this.reservations = reservations;
  }

  void add(Reservation reservation) {
    requests.put(reservation.requestId(), reservation);
  }

  void remove(Reservation reservation) {
    requests.remove(reservation.requestId());
  }

  int count() {
    return requests.size();
  }

  @EventListener(ContextRefreshedEvent.class)
  void start() {
    Duration period = reservations.leaseTime().dividedBy(3);
    renewing.update(
        Flux.interval(period)
            .onBackpressureDrop()
            .concatMap(tick -> renew(), 1)
            .subscribe(done -> {}, error -> log.error("leases are renewed no longer", error)));
  }

  @EventListener(ContextClosedEvent.class)
  void stop() {
    renewing.dispose();
  }

  private Mono<Void> renew() {
    Map<String, List<Reservation>> byTenant =
        requests.values().stream().collect(Collectors.groupingBy(Reservation::tenantId));
    return Flux.fromIterable(byTenant.entrySet())
        .concatMap(tenant ->
            Flux.fromIterable(tenant.getValue())
                .map(UnderWay::lease)
                .buffer(LEASES_A_CALL)
                .concatMap(leases -> reservations.renew(tenant.getKey(), leases)))
        .onErrorResume(error -> {
          log.warn("leases not renewed: {}", error.getMessage());
          return Mono.empty();
        })
        .then();
  }

  private static Lease lease(Reservation reservation) {
    return new Lease(
        reservation.requestId(),
        reservation.keyId(),
        reservation.tokens(),
        Ledger.settledKey(reservation.tenantId(), reservation.beganAt()));
  }
}
