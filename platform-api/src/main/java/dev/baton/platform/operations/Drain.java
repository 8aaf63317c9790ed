package dev.baton.platform.operations;

import dev.baton.engine.Engine;
import dev.baton.platform.problem.ApiProblem;
import java.time.Duration;
import java.util.concurrent.Phaser;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.availability.AvailabilityChangeEvent;
import org.springframework.boot.availability.ReadinessState;
import org.springframework.context.ApplicationContext;
import org.springframework.context.SmartLifecycle;
import org.springframework.stereotype.Component;

/**
 * Shutdown in the order clients want: refuse new requests, let running streams finish until the
 * deadline, end the rest with an error event. It stops before the web server does, whose own grace
 * period would cut streams in the middle.
 */
@Component
public final class Drain implements SmartLifecycle {
  private static final Logger log = LoggerFactory.getLogger(Drain.class);

  /** Time for last events to reach their sockets once the engine is idle. */
  private static final Duration LAST_WRITES = Duration.ofSeconds(2);

  private final Engine engine;
  private final ServeSettings settings;
  private final ApplicationContext context;

  /** Party 0 is this object; each request under way is one more. */
  private final Phaser requests = new Phaser(1);

  private volatile boolean draining;
  private volatile boolean running;

  Drain(Engine engine, ServeSettings settings, ApplicationContext context) {
    this.engine = engine;
    this.settings = settings;
    this.context = context;
  }

  /** One request under way; closing it again does nothing. */
  public interface Permit extends AutoCloseable {
    @Override
    void close();

    /** One more for the same request, also when others are refused by now. */
    Permit another();
  }

  /**
   * Counts a request in, until its answer is written.
   *
   * @throws ApiProblem when the platform is shutting down
   */
  public Permit enter() {
    if (draining) {
      throw ApiProblem.draining();
    }
    return new Counted();
  }

  private final class Counted implements Permit {
    private final AtomicBoolean open = new AtomicBoolean(true);

    Counted() {
      requests.register();
    }

    @Override
    public void close() {
      if (open.getAndSet(false)) {
        requests.arriveAndDeregister();
      }
    }

    @Override
    public Permit another() {
      return new Counted();
    }
  }

  public boolean draining() {
    return draining;
  }

  @Override
  public void start() {
    running = true;
  }

  @Override
  public boolean isRunning() {
    return running;
  }

  @Override
  public int getPhase() {
    return DEFAULT_PHASE; // above the web server's phases, hence stopped before it
  }

  @Override
  public void stop() {
    draining = true;
    AvailabilityChangeEvent.publish(context, ReadinessState.REFUSING_TRAFFIC);
    int underWay = requests.getRegisteredParties() - 1;
    if (underWay > 0) {
      log.info("draining requests={} deadline={}", underWay, settings.drainTimeout());
    }
    engine.drain(settings.drainTimeout());
    awaitLastWrites();
    running = false;
  }

  private void awaitLastWrites() {
    int phase = requests.arrive();
    try {
      requests.awaitAdvanceInterruptibly(phase, LAST_WRITES.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      log.warn("draining gave up on readers that do not read");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
