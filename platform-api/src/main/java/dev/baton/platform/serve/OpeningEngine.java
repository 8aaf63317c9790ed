package dev.baton.platform.serve;

import dev.baton.engine.Engine;
import dev.baton.engine.EngineModel;
import dev.baton.engine.EngineStatistics;
import dev.baton.engine.Generation;
import dev.baton.engine.GenerationListener;
import dev.baton.engine.GenerationRequest;
import dev.baton.engine.PromptPreview;
import dev.baton.engine.SystemKvKey;
import dev.baton.engine.SystemKvStatus;
import dev.baton.engine.SystemPrompt;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.springframework.util.function.SingletonSupplier;

/** An engine that may still be opening: whoever asks it for something waits until it is open. */
final class OpeningEngine implements Engine {
  private final SingletonSupplier<Engine> opened;

  /**
   * Of an engine that is opened elsewhere.
   *
   * @param opened waits for it; what it throws comes out of every call
   */
  OpeningEngine(Supplier<Engine> opened) {
    this.opened = SingletonSupplier.of(opened);
  }

  /** Waits. */
  Engine opened() {
    return opened.obtain();
  }

  @Override
  public EngineModel model() {
    return opened().model();
  }

  @Override
  public Generation generate(GenerationRequest request, GenerationListener listener) {
    return opened().generate(request, listener);
  }

  @Override
  public OptionalInt countPromptTokens(GenerationRequest request) {
    return opened().countPromptTokens(request);
  }

  @Override
  public PromptPreview preview(String systemPrompt) {
    return opened().preview(systemPrompt);
  }

  @Override
  public CompletableFuture<SystemKvStatus> warm(SystemPrompt prompt) {
    return opened().warm(prompt);
  }

  @Override
  public CompletableFuture<SystemKvStatus> pin(SystemPrompt prompt) {
    return opened().pin(prompt);
  }

  @Override
  public CompletableFuture<SystemKvStatus> unpin(SystemKvKey key) {
    return opened().unpin(key);
  }

  @Override
  public CompletableFuture<SystemKvStatus> evict(SystemKvKey key) {
    return opened().evict(key);
  }

  @Override
  public List<SystemKvStatus> systemKvs() {
    return opened().systemKvs();
  }

  @Override
  public EngineStatistics statistics() {
    return opened().statistics();
  }

  @Override
  public String defect() {
    return opened().defect();
  }

  @Override
  public void drain(Duration deadline) {
    opened().drain(deadline);
  }

  @Override
  public void close() {
    opened().close();
  }
}
