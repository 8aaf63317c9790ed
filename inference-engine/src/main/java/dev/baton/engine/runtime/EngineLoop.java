package dev.baton.engine.runtime;

import dev.baton.engine.EngineException;
import dev.baton.engine.EngineStatistics;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.FinishReason;
import dev.baton.engine.GenerationEvent;
import dev.baton.engine.SystemKvStatus;
import dev.baton.engine.TokenUsage;
import dev.baton.engine.backend.Backend;
import dev.baton.engine.backend.DeviceLostException;
import dev.baton.engine.backend.Logits;
import dev.baton.engine.kvcache.BlockPool;
import dev.baton.engine.kvcache.SystemKvCache;
import dev.baton.engine.sampling.Draw;
import dev.baton.engine.sampling.SampledToken;
import dev.baton.engine.scheduler.Scheduler;
import dev.baton.engine.scheduler.Sequence;
import dev.baton.engine.scheduler.StepCounts;
import dev.baton.engine.scheduler.StepPlan;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The engine's mutable state and its step: {@code schedule() → forward() → sample()} → events.
 * Owned by one thread; other threads read the published {@link #statistics} and {@link #systemKvs}
 * only.
 */
final class EngineLoop {
  private static final Logger LOG = System.getLogger(EngineLoop.class.getName());

  private final Backend backend;
  private final Admissions admissions;
  private final InstantSource clock;
  private final BlockPool pool;
  private final SystemKvCache cache;
  private final Scheduler scheduler;
  private final SystemKvCommands systemKvCommands;
  private final float[] logits; // [vocabSize], one row

  private final Map<Long, ActiveRequest> active = new LinkedHashMap<>(); // by sequence number
  private final List<@Nullable Draw> draws =
      new ArrayList<>(); // of the running step's rows of logits
  private final List<EngineCommand.Drain> drains = new ArrayList<>();
  private long sequenceNumbers;
  private long completedRequests;
  private long failedRequests;
  private long cancelledRequests;

  private volatile EngineStatistics statistics;
  private volatile List<SystemKvStatus> systemKvs = List.of();
  private long publishedVersion;

  EngineLoop(
      Backend backend,
      int vocabSize,
      EngineSettings settings,
      Admissions admissions,
      InstantSource clock) {
    this.backend = backend;
    this.admissions = admissions;
    this.clock = clock;
    pool = new BlockPool(backend.kvLayout(), backend::clearBlocks);
    cache =
        new SystemKvCache(
            pool,
            (int) (pool.totalCount() * settings.memory().pinBudgetShare()),
            settings.memory().rememberedSystemKvs(),
            clock);
    scheduler = new Scheduler(settings.batch(), pool, cache, backend.relayCostModel());
    systemKvCommands = new SystemKvCommands(pool, cache, this::publish);
    logits = new float[vocabSize];
    statistics = snapshot();
  }

  // ---- commands ----

  void handle(EngineCommand command) {
    switch (command) {
      case EngineCommand.Submit submit -> submit(submit.request());
      case EngineCommand.Cancel cancel -> end(cancel.request(), FinishReason.CANCELLED);
      case EngineCommand.Warm warm -> systemKvCommands.warm(warm);
      case EngineCommand.Unpin unpin -> systemKvCommands.unpin(unpin);
      case EngineCommand.Evict evict -> systemKvCommands.evict(evict);
      case EngineCommand.Drain drain -> drains.add(drain);
      case EngineCommand.Close close ->
          endAll(new EngineException(ErrorCode.DRAINING, "the engine was closed"));
    }
  }

  private void submit(ActiveRequest request) {
    Sequence sequence = request.sequence(++sequenceNumbers);
    active.put(sequence.number(), request);
    scheduler.submit(sequence);
  }

  // ---- the step ----

  boolean hasWork() {
    return scheduler.hasWork() || systemKvCommands.waiting();
  }

  /** The earliest moment at which something happens without a command, or null. */
  @Nullable Instant deadline() {
    Instant earliest = null;
    for (EngineCommand.Drain drain : drains) {
      if (earliest == null || drain.deadline().isBefore(earliest)) {
        earliest = drain.deadline();
      }
    }
    return earliest;
  }

  /** Computes one step; returns false when there was nothing to compute. */
  boolean step() {
    Instant before = clock.instant();
    StepPlan plan = scheduler.schedule();
    failScheduled();
    if (plan != null) {
      Logits result = forward(plan);
      if (result != null) {
        scheduler.completed(plan);
        sample(plan, result);
        scheduler.measured(plan, Duration.between(before, clock.instant()));
      }
    }
    systemKvCommands.settle();
    settleDrains();
    publish();
    return plan != null;
  }

  private @Nullable Logits forward(StepPlan plan) {
    Instant now = clock.instant();
    draws.clear();
    for (StepPlan.Part part : plan.parts()) {
      if (part instanceof StepPlan.RequestPart request) {
        ActiveRequest owner = request(request.sequence());
        start(owner, request.sequence(), now);
        if (request.sampled()) {
          draws.add(owner.draw());
        }
      }
    }
    try {
      return backend.forward(plan.step(), draws);
    } catch (DeviceLostException e) {
      throw e; // ends the engine: no later step can succeed
    } catch (RuntimeException | Error e) {
      LOG.log(
          Level.ERROR,
          "the backend failed a step of " + plan.parts().size() + " sequences, which end",
          e);
      EngineException error =
          new EngineException(
              ErrorCode.INTERNAL,
              "the device failed while it computed this request; the engine's log has the cause",
              e);
      systemKvCommands.stepFailed(error);
      scheduler.failed(plan, error);
      failScheduled();
      return null;
    }
  }

  private void start(ActiveRequest request, Sequence sequence, Instant now) {
    if (!request.hasStarted()) {
      admissions.served(request.tenantId());
      // A listener that fails here is ended after the step, which has been planned with it.
      emit(request, request.start(now, sequence.sharedTokens()));
    }
  }

  private void sample(StepPlan plan, Logits result) {
    Instant now = clock.instant();
    int row = 0;
    for (StepPlan.Part part : plan.parts()) {
      if (part instanceof StepPlan.RequestPart request) {
        ActiveRequest owner = request(request.sequence());
        if (owner.listenerFailed()) {
          end(owner, FinishReason.CANCELLED);
        } else if (request.sampled()) {
          sample(owner, request.sequence(), result, row, now);
        }
        row += request.sampled() ? 1 : 0;
      }
    }
  }

  private void sample(
      ActiveRequest request, Sequence sequence, Logits result, int row, Instant now) {
    ActiveRequest.Next next;
    try {
      SampledToken drawn = result.sampled(row);
      if (drawn == null) {
        result.copyRow(row, logits);
        next = request.next(logits, now);
      } else {
        next = request.next(drawn, now);
      }
    } catch (EngineException e) {
      fail(request, e);
      return;
    } catch (RuntimeException | Error e) {
      LOG.log(Level.ERROR, "no token could be chosen for request " + request.requestId(), e);
      fail(
          request,
          new EngineException(
              ErrorCode.INTERNAL,
              "no token could be chosen for this request; the engine's log has the cause",
              e));
      return;
    }
    switch (next) {
      case ActiveRequest.EndOfTurn end -> end(request, FinishReason.STOP);
      case ActiveRequest.Emit token -> {
        emit(request, token.event());
        if (request.listenerFailed()) {
          end(request, FinishReason.CANCELLED);
        } else if (token.end() != null) {
          end(request, token.end());
        } else {
          scheduler.append(sequence, token.id());
        }
      }
    }
  }

  private ActiveRequest request(Sequence sequence) {
    ActiveRequest request = active.get(sequence.number());
    if (request == null) {
      throw new IllegalStateException(sequence + " belongs to no request");
    }
    return request;
  }

  // ---- ends ----

  /** Ends a request that may be anywhere, or over already. */
  private void end(ActiveRequest request, FinishReason reason) {
    Sequence sequence = request.sequence();
    if (request.ended() || sequence == null) {
      return;
    }
    scheduler.remove(sequence);
    if (reason == FinishReason.CANCELLED) {
      cancelledRequests++;
    } else {
      completedRequests++;
    }
    over(request, request.finish(reason, clock.instant()));
  }

  private void fail(ActiveRequest request, EngineException error) {
    Sequence sequence = request.sequence();
    if (!request.ended() && sequence != null) {
      scheduler.remove(sequence);
      overFailed(request, error);
    }
  }

  private void failScheduled() {
    for (Scheduler.Failure failure : scheduler.takeFailures()) {
      overFailed(request(failure.sequence()), failure.error());
    }
  }

  private void overFailed(ActiveRequest request, EngineException error) {
    failedRequests++;
    over(request, request.fail(error, clock.instant()));
  }

  /** The request holds nothing any longer: says so, in the statistics too, and forgets it. */
  private void over(ActiveRequest request, GenerationEvent last) {
    Sequence sequence = request.sequence();
    if (sequence != null) {
      active.remove(sequence.number());
    }
    if (!request.hasStarted()) {
      admissions.leave(request.tenantId());
    }
    publish();
    log(request, last);
    emit(request, last);
  }

  private static void log(ActiveRequest request, GenerationEvent last) {
    switch (last) {
      case GenerationEvent.Finished finished ->
          log(request, finished.reason().name(), finished.usage());
      case GenerationEvent.Failed failed ->
          log(request, failed.error().code().name(), failed.usage());
      case GenerationEvent.Started started -> throw new IllegalStateException("no end");
      case GenerationEvent.Token token -> throw new IllegalStateException("no end");
    }
  }

  private static void log(ActiveRequest request, String outcome, TokenUsage usage) {
    LOG.log(
        Level.INFO,
        () ->
            ("request %s of tenant %s ended with %s: %d prompt tokens (%d cached), %d generated,"
                    + " %d ms queued, %d ms to the first token, %d ms in all")
                .formatted(
                    request.requestId(),
                    request.tenantId(),
                    outcome,
                    usage.promptTokens(),
                    usage.cachedTokens(),
                    usage.completionTokens(),
                    usage.queued().toMillis(),
                    usage.timeToFirstToken().toMillis(),
                    usage.total().toMillis()));
  }

  private static void emit(ActiveRequest request, GenerationEvent event) {
    try {
      request.listener().onEvent(event);
    } catch (RuntimeException | Error e) {
      if (request.failListener()) {
        LOG.log(
            Level.ERROR,
            "the listener of request "
                + request.requestId()
                + " of tenant "
                + request.tenantId()
                + " failed; the request is cancelled",
            e);
      }
    }
  }

  /** Ends everything that was accepted, each with its final event. */
  void endAll(EngineException error) {
    for (ActiveRequest request : List.copyOf(active.values())) {
      fail(request, error);
    }
    systemKvCommands.failAll(error);
    settleDrains();
    publish();
  }

  /** Refuses a command that arrived when the engine had stopped. */
  void refuse(EngineCommand command, EngineException error) {
    switch (command) {
      case EngineCommand.Submit submit -> overFailed(submit.request(), error);
      case EngineCommand.Cancel cancel -> {}
      case EngineCommand.Warm warm -> SystemKvCommands.fail(warm.result(), error);
      case EngineCommand.Unpin unpin -> SystemKvCommands.fail(unpin.result(), error);
      case EngineCommand.Evict evict -> SystemKvCommands.fail(evict.result(), error);
      case EngineCommand.Drain drain -> drain.done().complete(null);
      case EngineCommand.Close close -> {}
    }
  }

  /**
   * Ends everything after a defect, without trust in the scheduler: the requests' last events are
   * all that is still owed.
   */
  void abandonAll(EngineException error) {
    for (ActiveRequest request : List.copyOf(active.values())) {
      if (!request.ended()) {
        overFailed(request, error);
      }
    }
    systemKvCommands.failAll(error);
    for (EngineCommand.Drain drain : drains) {
      drain.done().complete(null);
    }
    drains.clear();
  }

  private void settleDrains() {
    Instant deadline = deadline();
    if (deadline != null && !active.isEmpty() && !clock.instant().isBefore(deadline)) {
      EngineException error =
          new EngineException(
              ErrorCode.DRAINING,
              "the engine is shutting down and the time to finish is over; try again elsewhere");
      for (ActiveRequest request : List.copyOf(active.values())) {
        fail(request, error);
      }
    }
    if (active.isEmpty()) {
      for (EngineCommand.Drain drain : drains) {
        drain.done().complete(null);
      }
      drains.clear();
    }
  }

  // ---- what others see ----

  EngineStatistics statistics() {
    return statistics;
  }

  List<SystemKvStatus> systemKvs() {
    return systemKvs;
  }

  private void publish() {
    statistics = snapshot();
    if (cache.version() != publishedVersion) {
      publishedVersion = cache.version();
      systemKvs = cache.statuses();
    }
  }

  private EngineStatistics snapshot() {
    StepCounts counts = scheduler.counts();
    return new EngineStatistics(
        pool.totalCount(),
        pool.freeCount(),
        pool.systemCount(),
        pool.requestCount(),
        cache.pinnedBlocks(),
        cache.pinBudgetBlocks(),
        pool.layout().blockTokens(),
        scheduler.waitingCount(),
        scheduler.runningCount(),
        counts.lastSequences(),
        counts.lastGroups(),
        counts.steps(),
        counts.prefillTokens(),
        counts.decodeTokens(),
        counts.relayedTokens(),
        counts.plainTokens(),
        counts.systemKvTokensSaved() * pool.layout().bytesPerToken(),
        counts.preemptions(),
        completedRequests,
        failedRequests,
        cancelledRequests);
  }

  /** Checks that no block was lost; for idle moments. */
  void verify() {
    pool.verify();
    if (active.isEmpty() && pool.requestCount() != 0) {
      throw new IllegalStateException("nothing runs, but sequences hold blocks: " + pool);
    }
  }
}
