package dev.baton.platform.quota;

import dev.baton.admin.apikey.TenantAccess;
import dev.baton.admin.limits.AppliedLimits;
import dev.baton.admin.limits.LimitDirectory;
import dev.baton.admin.limits.Reservations;
import dev.baton.admin.limits.Verdict;
import dev.baton.admin.storage.StoreUnavailableException;
import dev.baton.engine.Engine;
import dev.baton.engine.GenerationEvent;
import dev.baton.engine.GenerationRequest;
import dev.baton.platform.problem.ApiProblem;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * Lets requests in within their limits, and settles what they used.
 *
 * <p>Implementation note: one round trip to Redis before the engine is asked, one before the last
 * event is told, none between. By then the answer's end and its settlement are one: whoever has
 * read the end finds the request in the ledger, and its place among the concurrent ones is free.
 * Without Redis, rates are judged by {@link LocalRates}, and whoever has a budget is refused.
 */
@Component
public final class Quota {
  private static final Logger log = LoggerFactory.getLogger(Quota.class);

  private final LimitDirectory directory;
  private final Reservations reservations;
  private final Settlements settlements;
  private final UnderWay underWay;
  private final LocalRates local;
  private final StoreClock clock;
  private final StorePause pause;
  private final QuotaSettings settings;
  private final Engine engine;

  Quota(
      LimitDirectory directory,
      Reservations reservations,
      Settlements settlements,
      UnderWay underWay,
      LocalRates local,
      StoreClock clock,
      StorePause pause,
      QuotaSettings settings,
      Engine engine) {
    this.directory = directory;
    this.reservations = reservations;
    this.settlements = settlements;
    this.underWay = underWay;
    this.local = local;
    this.clock = clock;
    this.pause = pause;
    this.settings = settings;
    this.engine = engine;
  }

  /**
   * Reserves what a request may use. Every reservation must be settled or released, and must be
   * taken on the thread it comes on, before anything else is awaited; that thread may compute as
   * long as the engine needs to take the request.
   *
   * @param answer gets the rate limit headers, also when the request is refused
   * @throws ApiProblem through the Mono: 400 for what a request may never have, 429 over a limit
   * @throws StoreUnavailableException through the Mono, when limits or a budget can not be told
   */
  public Mono<Reservation> reserve(
      TenantAccess caller, GenerationRequest request, HttpHeaders answer) {
    String keyId = caller.keyId();
    return directory
        .of(caller.tenantId(), keyId)
        .flatMap(limits -> {
          Demand demand = Demand.of(request, limits, engine, settings.defaultOutputTokens());
          AtomicBoolean begun = new AtomicBoolean();
          Mono<Verdict> judged = judge(keyId, demand, limits, answer);
          // What follows renders and tokenises where nobody has yet: not on the thread of Redis'
          // client. Else it goes on there, a change of threads less before the first token.
          return (demand.counted() ? judged : judged.publishOn(Schedulers.boundedElastic()))
              .map(verdict ->
                  switch (verdict) {
                    case Verdict.Admitted admitted -> {
                      begun.set(true);
                      yield begin(keyId, demand, admitted);
                    }
                    case Verdict.Refused refused ->
                        throw Refusals.of(refused, limits, demand.tokens());
                  })
              .doOnCancel(() -> {
                if (!begun.get()) {
                  giveBack(request.tenantId(), request.requestId());
                }
              });
        });
  }

  private Mono<Verdict> judge(
      String keyId, Demand demand, AppliedLimits limits, HttpHeaders answer) {
    GenerationRequest request = demand.request();
    Mono<Verdict> byRedis =
        reservations
            .reserve(request.tenantId(), keyId, request.requestId(), demand.tokens(), limits)
            .doOnNext(verdict -> {
              clock.heard(verdict.at());
              RateLimitHeaders.write(answer, limits, verdict);
            })
            .onErrorResume(
                StoreUnavailableException.class,
                away -> {
                  pause.begin();
                  return Mono.fromCallable(() -> judgeAlone(keyId, demand, limits, answer, away));
                });
    return pause.isOn()
        ? Mono.fromCallable(() ->
            judgeAlone(
                keyId,
                demand,
                limits,
                answer,
                new StoreUnavailableException("Redis does not answer.", null)))
        : byRedis;
  }

  private Verdict judgeAlone(
      String keyId,
      Demand demand,
      AppliedLimits limits,
      HttpHeaders answer,
      StoreUnavailableException away) {
    if (limits.hasBudget() || settlements.isFull(underWay.count() + 1)) {
      throw away;
    }
    AppliedLimits share = local.share(limits);
    Verdict verdict =
        local.judge(clock.now(), demand.request().tenantId(), keyId, demand.tokens(), share);
    RateLimitHeaders.write(answer, share, verdict);
    if (verdict instanceof Verdict.Refused refused) {
      throw Refusals.of(refused, share, demand.tokens());
    }
    return verdict;
  }

  private Reservation begin(String keyId, Demand demand, Verdict.Admitted admitted) {
    GenerationRequest request = demand.request();
    Reservation reservation =
        new Reservation(
            keyId,
            request,
            demand.tokens(),
            admitted.at(),
            local.count(request.tenantId(), keyId, demand.tokens()));
    underWay.add(reservation);
    return reservation;
  }

  /**
   * Settles a request by its last event. Completes also when Redis is away; never fails.
   *
   * @param last what the engine told last
   */
  public Mono<Void> settle(Reservation reservation, GenerationEvent last) {
    return Mono.defer(() -> {
      var settlement = reservation.settlement(last, clock.now());
      underWay.remove(reservation);
      reservation.local().end((long) settlement.promptTokens() + settlement.completionTokens());
      return settlements.settle(settlement);
    });
  }

  /** Gives back what was reserved for a request that the engine did not take. */
  public void release(Reservation reservation) {
    underWay.remove(reservation);
    reservation.local().end(0);
    giveBack(reservation.tenantId(), reservation.requestId());
  }

  /** In nobody's way: should it fail, the lease ends by itself. */
  private void giveBack(String tenantId, String requestId) {
    reservations
        .release(tenantId, requestId)
        .subscribe(
            done -> {},
            error -> log.debug("request={} tenant={} not released", requestId, tenantId));
  }
}
