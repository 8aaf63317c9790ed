package dev.baton.platform.operations;

import dev.baton.admin.storage.Store;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.time.Duration;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.context.event.ContextRefreshedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Whether Redis answers, asked every few seconds: also when no request needs it. */
@Component
final class StoreMeters implements MeterBinder {
  private static final Duration PERIOD = Duration.ofSeconds(2);

  private final Store store;
  private final Disposable.Swap asking = Disposables.swap();
  private volatile boolean up = true; // the platform does not start without

  StoreMeters(Store store) {
    this.store = store;
  }

  @Override
  public void bindTo(MeterRegistry meters) {
    Gauge.builder("baton.store.up", this, me -> me.up ? 1 : 0)
        .description("1 while Redis answers")
        .register(meters);
  }

  @EventListener(ContextRefreshedEvent.class)
  void start() {
    asking.update(
        Flux.interval(PERIOD).onBackpressureDrop().concatMap(tick -> ask(), 1).subscribe());
  }

  @EventListener(ContextClosedEvent.class)
  void stop() {
    asking.dispose();
  }

  private Mono<Boolean> ask() {
    return store
        .read(redis -> redis.hasKey("baton:none"))
        .map(present -> true)
        .onErrorReturn(false)
        .doOnNext(answered -> up = answered);
  }
}
