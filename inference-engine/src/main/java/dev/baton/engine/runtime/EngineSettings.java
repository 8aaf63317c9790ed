package dev.baton.engine.runtime;

import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.scheduler.RelayMode;
import dev.baton.engine.scheduler.SchedulerSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How an engine is set up.
 *
 * @param modelFile GGUF file of the model
 * @param modelId name under which the model is offered; null takes the file's name
 * @param memory KV memory and what may stay in it
 * @param batch limits and weights of the running batch
 * @param queue limits of what waits
 * @param threads CPU threads that compute; null takes all processors
 * @param device what computes
 */
public record EngineSettings(
    Path modelFile,
    @Nullable String modelId,
    Memory memory,
    SchedulerSettings batch,
    Queue queue,
    @Nullable Integer threads,
    DeviceChoice device) {
  /** Between two tokens of an answer, where prompts of others are computed meanwhile. */
  public static final Duration DECODE_LATENCY_TARGET = Duration.ofMillis(250);

  public EngineSettings {
    Objects.requireNonNull(modelFile);
    Objects.requireNonNull(memory);
    Objects.requireNonNull(batch);
    Objects.requireNonNull(queue);
    Objects.requireNonNull(device);
    if (threads != null && threads < 1) {
      throw invalid("threads must be at least 1, not " + threads);
    }
  }

  /** Settings that suit one machine: all processors, memory chosen by the model. */
  public static EngineSettings defaults(Path modelFile) {
    return new EngineSettings(
        modelFile,
        null,
        Memory.DEFAULTS,
        new SchedulerSettings(64, 256, RelayMode.AUTO, 1, 2, 256, DECODE_LATENCY_TARGET),
        Queue.DEFAULTS,
        null,
        DeviceChoice.AUTO);
  }

  public EngineSettings withModelId(@Nullable String id) {
    return new EngineSettings(modelFile, id, memory, batch, queue, threads, device);
  }

  public EngineSettings withMemory(Memory changed) {
    return new EngineSettings(modelFile, modelId, changed, batch, queue, threads, device);
  }

  public EngineSettings withBatch(SchedulerSettings changed) {
    return new EngineSettings(modelFile, modelId, memory, changed, queue, threads, device);
  }

  public EngineSettings withQueue(Queue changed) {
    return new EngineSettings(modelFile, modelId, memory, batch, changed, threads, device);
  }

  public EngineSettings withThreads(@Nullable Integer count) {
    return new EngineSettings(modelFile, modelId, memory, batch, queue, count, device);
  }

  public EngineSettings withDevice(DeviceChoice choice) {
    return new EngineSettings(modelFile, modelId, memory, batch, queue, threads, choice);
  }

  public EngineSettings withRelay(RelayMode relay) {
    return withBatch(batch.withRelay(relay));
  }

  /**
   * KV memory.
   *
   * @param kvBytes bytes of the block pool; null takes what the batch can use, within a quarter of
   *     the machine's memory
   * @param blockTokens tokens a block holds
   * @param pinBudgetShare share of the pool that pinned system KVs may take, in [0, 1)
   * @param rememberedSystemKvs system KVs whose counters are kept after they lost their memory
   */
  public record Memory(
      @Nullable Long kvBytes, int blockTokens, double pinBudgetShare, int rememberedSystemKvs) {
    public static final Memory DEFAULTS = new Memory(null, 32, 0.5, 1024);

    public Memory {
      if (kvBytes != null && kvBytes < 1) {
        throw invalid("KV memory must be at least 1 byte, not " + kvBytes);
      }
      if (blockTokens < 1 || blockTokens > 4096) {
        throw invalid("block tokens must be between 1 and 4096, not " + blockTokens);
      }
      if (!(pinBudgetShare >= 0 && pinBudgetShare < 1)) {
        throw invalid("the pin budget's share must be in [0, 1), not " + pinBudgetShare);
      }
      if (rememberedSystemKvs < 1) {
        throw invalid("remembered system KVs must be at least 1, not " + rememberedSystemKvs);
      }
    }

    public Memory withKvBytes(@Nullable Long bytes) {
      return new Memory(bytes, blockTokens, pinBudgetShare, rememberedSystemKvs);
    }
  }

  /**
   * What waits for the engine.
   *
   * @param waitingRequests requests that wait for their first step at most; more are refused
   * @param tenantShare share of these places that one tenant may take, in (0, 1]
   * @param adminCommands admin commands (warm, pin, unpin, evict) in progress at most
   */
  public record Queue(int waitingRequests, double tenantShare, int adminCommands) {
    public static final Queue DEFAULTS = new Queue(256, 0.5, 256);

    public Queue {
      if (waitingRequests < 1) {
        throw invalid("waiting requests must be at least 1, not " + waitingRequests);
      }
      if (!(tenantShare > 0 && tenantShare <= 1)) {
        throw invalid("a tenant's share of the queue must be in (0, 1], not " + tenantShare);
      }
      if (adminCommands < 1) {
        throw invalid("admin commands must be at least 1, not " + adminCommands);
      }
    }

    int tenantRequests() {
      return Math.max(1, (int) (waitingRequests * tenantShare));
    }
  }

  private static EngineException invalid(String message) {
    return new EngineException(ErrorCode.CONFIGURATION_INVALID, message);
  }
}
