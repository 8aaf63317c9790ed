package dev.baton.platform.operations;

import dev.baton.engine.Engine;
import dev.baton.engine.EngineStatistics;
import dev.baton.engine.SystemKvStatus;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
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
    gauge(meters, "baton.engine.pinned.blocks", EngineStatistics::pinnedBlocks);
    gauge(meters, "baton.engine.waiting.requests", EngineStatistics::waitingRequests);
    gauge(meters, "baton.engine.running.sequences", EngineStatistics::runningSequences);
    gauge(meters, "baton.engine.step.groups", EngineStatistics::lastStepGroups);
    counter(meters, "baton.engine.steps", EngineStatistics::steps);
    counter(meters, "baton.engine.prefill.tokens", EngineStatistics::prefillTokens);
    counter(meters, "baton.engine.decode.tokens", EngineStatistics::decodeTokens);
    counter(meters, "baton.engine.relayed.tokens", EngineStatistics::relayedTokens);
    counter(meters, "baton.engine.relay.saved.bytes", EngineStatistics::systemKvBytesSaved);
    counter(meters, "baton.engine.preemptions", EngineStatistics::preemptions);
    systemKv(meters, "hits", SystemKvStatus::hits);
    systemKv(meters, "fills", SystemKvStatus::fills);
    systemKv(meters, "evictions", SystemKvStatus::evictions);
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
