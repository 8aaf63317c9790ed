package dev.baton.platform.operations;

import dev.baton.engine.Engine;
import dev.baton.engine.EngineStatistics;
import dev.baton.engine.Residency;
import dev.baton.engine.SystemKvStatus;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;
import org.springframework.stereotype.Component;

/** The engine's counters and gauges, read when a metrics reader asks. */
@Component
final class EngineMeters implements MeterBinder {
  private final Engine engine;

  EngineMeters(Engine engine) {
    this.engine = engine;
  }

  @Override
  public void bindTo(MeterRegistry meters) {
    blocks(meters, "free", EngineStatistics::freeBlocks);
    blocks(meters, "system", EngineStatistics::systemBlocks);
    blocks(meters, "request", EngineStatistics::requestBlocks);
    Gauge.builder("baton.engine.lost", engine, e -> e.defect().isEmpty() ? 0 : 1)
        .description("1 when the engine has lost its device and only a new process helps")
        .register(meters);
    gauge(meters, "baton.engine.pinned.blocks", EngineStatistics::pinnedBlocks);
    gauge(meters, "baton.engine.pin.budget.blocks", EngineStatistics::pinBudgetBlocks);
    gauge(meters, "baton.engine.waiting.requests", EngineStatistics::waitingRequests);
    gauge(meters, "baton.engine.running.sequences", EngineStatistics::runningSequences);
    gauge(meters, "baton.engine.step.sequences", EngineStatistics::lastStepSequences);
    gauge(meters, "baton.engine.step.groups", EngineStatistics::lastStepGroups);
    gauge(meters, "baton.engine.step.group.size", EngineMeters::groupSize);
    counter(meters, "baton.engine.steps", EngineStatistics::steps);
    counter(meters, "baton.engine.prefill.tokens", EngineStatistics::prefillTokens);
    counter(meters, "baton.engine.decode.tokens", EngineStatistics::decodeTokens);
    counter(meters, "baton.engine.relayed.tokens", EngineStatistics::relayedTokens);
    counter(meters, "baton.engine.plain.tokens", EngineStatistics::plainTokens);
    counter(meters, "baton.engine.relay.saved.bytes", EngineStatistics::systemKvBytesSaved);
    counter(meters, "baton.engine.preemptions", EngineStatistics::preemptions);
    ended(meters, "completed", EngineStatistics::completedRequests);
    ended(meters, "failed", EngineStatistics::failedRequests);
    ended(meters, "cancelled", EngineStatistics::cancelledRequests);
    systemKv(meters, "hits", SystemKvStatus::hits);
    systemKv(meters, "fills", SystemKvStatus::fills);
    systemKv(meters, "evictions", SystemKvStatus::evictions);
    Gauge.builder("baton.engine.system.kv.hit.ratio", engine, EngineMeters::hitRatio)
        .description(
            "Requests that found their system KV resident or filling, of all that have one")
        .register(meters);
    Gauge.builder(
            "baton.engine.system.kv.bytes",
            engine,
            e -> e.systemKvs().stream().mapToLong(SystemKvStatus::bytes).sum())
        .baseUnit("bytes")
        .register(meters);
    for (Residency residency : Residency.values()) {
      Gauge.builder("baton.engine.system.kvs", engine, e -> count(e, residency))
          .description("System KVs by where they are")
          .tag("residency", residency.name().toLowerCase(Locale.ROOT))
          .register(meters);
    }
  }

  /** Sequences of the last step that share one reading of a system KV, on average. */
  private static double groupSize(EngineStatistics statistics) {
    return statistics.lastStepGroups() == 0
        ? 0
        : (double) statistics.lastStepSequences() / statistics.lastStepGroups();
  }

  private static double hitRatio(Engine engine) {
    long hits = 0;
    long fills = 0;
    for (SystemKvStatus status : engine.systemKvs()) {
      hits += status.hits();
      fills += status.fills();
    }
    return hits + fills == 0 ? 1 : (double) hits / (hits + fills);
  }

  private static double count(Engine engine, Residency residency) {
    return engine.systemKvs().stream().filter(kv -> kv.residency() == residency).count();
  }

  private void ended(MeterRegistry meters, String how, ToDoubleFunction<EngineStatistics> value) {
    FunctionCounter.builder(
            "baton.engine.requests", engine, e -> value.applyAsDouble(e.statistics()))
        .tag("ended", how)
        .register(meters);
  }

  private void blocks(
      MeterRegistry meters, String owner, ToDoubleFunction<EngineStatistics> value) {
    Gauge.builder("baton.engine.kv.blocks", engine, e -> value.applyAsDouble(e.statistics()))
        .tag("owner", owner)
        .register(meters);
  }

  private void gauge(MeterRegistry meters, String name, ToDoubleFunction<EngineStatistics> value) {
    Gauge.builder(name, engine, e -> value.applyAsDouble(e.statistics())).register(meters);
  }

  private void counter(
      MeterRegistry meters, String name, ToDoubleFunction<EngineStatistics> value) {
    FunctionCounter.builder(name, engine, e -> value.applyAsDouble(e.statistics()))
        .register(meters);
  }

  private void systemKv(MeterRegistry meters, String what, ToLongFunction<SystemKvStatus> value) {
    FunctionCounter.builder(
            "baton.engine.system.kv." + what,
            engine,
            e -> e.systemKvs().stream().mapToLong(value).sum())
        .register(meters);
  }
}
