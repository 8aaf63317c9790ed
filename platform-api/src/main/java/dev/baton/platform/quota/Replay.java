package dev.baton.platform.quota;

import dev.baton.admin.storage.StoreUnavailableException;
import dev.baton.admin.usage.Ledger;
import dev.baton.admin.usage.Settlement;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.context.event.ContextRefreshedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.Exceptions;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import tools.jackson.databind.json.JsonMapper;

/**
 * Brings what was spooled to the ledger once Redis answers, also what an earlier process left
 * behind. A file is forgotten when all of it is there; one that failed half way begins anew,
 * because the ledger takes every request once.
 */
@Component
final class Replay {
  private static final Logger log = LoggerFactory.getLogger(Replay.class);
  private static final Duration PERIOD = Duration.ofSeconds(1);
  private static final int AT_ONCE = 16;

  private final Spool spool;
  private final Ledger ledger;
  private final StorePause pause;
  private final JsonMapper json;
  private final Disposable.Swap running = Disposables.swap();

  Replay(Spool spool, Ledger ledger, StorePause pause, JsonMapper json) {
    this.spool = spool;
    this.ledger = ledger;
    this.pause = pause;
    this.json = json;
  }

  @EventListener(ContextRefreshedEvent.class)
  void start() {
    running.update(
        Flux.interval(Duration.ZERO, PERIOD)
            .onBackpressureDrop()
            .filter(tick -> !spool.isEmpty() && !pause.isOn())
            .concatMap(tick -> all(), 1)
            .subscribe(done -> {}, error -> log.error("usage is replayed no longer", error)));
  }

  @EventListener(ContextClosedEvent.class)
  void stop() {
    running.dispose();
  }

  private Mono<Void> all() {
    return spool
        .sealed()
        .flatMapIterable(files -> files)
        .concatMap(this::file)
        .then()
        .onErrorResume(error -> {
          if (isOutage(error)) {
            pause.begin();
          } else {
            log.error("spooled usage can not be brought to the ledger; it is tried again", error);
          }
          return Mono.empty();
        });
  }

  /** Settlements on their way at once may fail together. */
  static boolean isOutage(Throwable error) {
    return Exceptions.unwrapMultiple(error).stream()
        .allMatch(StoreUnavailableException.class::isInstance);
  }

  private Mono<Void> file(Path file) {
    return Flux.using(() -> Files.lines(file), Flux::fromStream, lines -> lines.close())
        .subscribeOn(Schedulers.boundedElastic())
        .filter(line -> !line.isEmpty())
        .flatMap(line -> settle(file, line), AT_ONCE)
        .then(Mono.defer(() -> spool.delete(file)))
        .doOnSuccess(done -> log.info("usage of {} is in the ledger", file.getFileName()));
  }

  private Mono<Void> settle(Path file, String line) {
    Optional<Settlement> settlement = SpoolLine.read(json, line);
    if (settlement.isEmpty()) {
      log.error("a line of {} is damaged and left out: {}", file.getFileName(), line);
      return Mono.empty();
    }
    if (ledger.isTooLate(settlement.get())) {
      log.error(
          "usage of {} is older than baton.usage.replay-time, so that it might be counted twice;"
              + " it is left out: {}",
          file.getFileName(),
          line);
      return Mono.empty();
    }
    return ledger
        .settle(settlement.get())
        .onErrorResume(
            error -> !(error instanceof StoreUnavailableException),
            error -> {
              log.error("usage of {} is left out: {}", file.getFileName(), line, error);
              return Mono.empty();
            });
  }
}
