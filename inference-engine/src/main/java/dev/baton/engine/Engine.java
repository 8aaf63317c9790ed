package dev.baton.engine;

import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;

/**
 * One model on one device, serving many tenants from one running batch.
 *
 * <p>Every method may be called from any thread and none blocks on a forward pass: requests become
 * commands on the engine thread's bounded queue; only {@link #drain} and {@link #close} wait for
 * the end of what runs. Listeners are called on the engine thread and must return at once;
 * continuations of the returned futures run elsewhere.
 */
public interface Engine extends AutoCloseable {

  /** The served model, constant for the life of the engine. */
  EngineModel model();

  /**
   * Renders, checks and queues a request, on the caller's thread. A system prompt that the engine
   * has not seen before takes as long as rendering it some dozen times; {@link #warm} does that,
   * too.
   *
   * @return a handle that cancels it; the listener's last event is {@link GenerationEvent.Finished}
   *     or {@link GenerationEvent.Failed}, exactly once
   * @throws EngineException at once when the request can not be accepted: invalid, longer than the
   *     context, queue full, draining
   */
  Generation generate(GenerationRequest request, GenerationListener listener);

  /**
   * Tokens of the request's whole prompt, counted on the caller's thread without queueing it; empty
   * where this engine can not tell without asking elsewhere. {@link #generate} of the same request
   * does not tokenise it again.
   *
   * @throws EngineException when the request can not be rendered
   */
  default OptionalInt countPromptTokens(GenerationRequest request) {
    return OptionalInt.empty();
  }

  /**
   * Token count, KV bytes and remaining context of a prompt, computed without touching KV memory.
   */
  PromptPreview preview(String systemPrompt);

  /** Makes the system KV resident by filling it beside live traffic; completes when it is. */
  CompletableFuture<SystemKvStatus> warm(SystemPrompt prompt);

  /** Warms and protects from LRU eviction, within the pin budget. */
  CompletableFuture<SystemKvStatus> pin(SystemPrompt prompt);

  /** Returns a pinned system KV to LRU. */
  CompletableFuture<SystemKvStatus> unpin(SystemKvKey key);

  /**
   * Frees the blocks of a system KV that nobody uses, pinned or not; it is unpinned. Fails with
   * {@link ErrorCode#SYSTEM_KV_IN_USE} when sequences use it; evicting what is absent is no error.
   */
  CompletableFuture<SystemKvStatus> evict(SystemKvKey key);

  /** Every system KV this engine knows, resident or not, most recently used first. */
  List<SystemKvStatus> systemKvs();

  /** A consistent picture of queue, batch and KV memory, at most one step old. */
  EngineStatistics statistics();

  /**
   * Why the engine has stopped for good, so that only a new process helps; empty while it serves.
   */
  default String defect() {
    return "";
  }

  /**
   * Refuses new requests and lets running ones finish; those still running at the deadline fail
   * with {@link ErrorCode#DRAINING}. Returns when nothing runs any longer, at the latest a step
   * after the deadline; not to be called by a listener that expects it to wait.
   */
  void drain(Duration deadline);

  /** Ends what still runs and frees the device memory. */
  @Override
  void close();
}
