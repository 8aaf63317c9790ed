package dev.baton.platform;

import dev.baton.engine.EngineException;
import dev.baton.engine.EngineModel;
import dev.baton.engine.EngineStatistics;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.FinishReason;
import dev.baton.engine.Generation;
import dev.baton.engine.GenerationEvent;
import dev.baton.engine.GenerationListener;
import dev.baton.engine.GenerationRequest;
import dev.baton.engine.TokenUsage;
import dev.baton.platform.bench.AlwaysResident;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * An engine that does what a test tells it, event by event, for what real generations do too fast
 * or too seldom: stalls, failures, slow readers, cancels. Events come from one thread, as in the
 * real one.
 */
public final class ScriptedEngine implements AlwaysResident {
  public static final String MODEL = "scripted";
  public static final int PROMPT_TOKENS = 12;

  private final BlockingQueue<Running> requests = new LinkedBlockingQueue<>();
  private final Set<Running> active = ConcurrentHashMap.newKeySet();
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name("scripted").factory());
  private volatile @Nullable EngineException refusal;
  private volatile @Nullable Running last;
  private volatile boolean draining;

  /** Refuses requests from now on, or accepts again with null. */
  public void refuse(@Nullable EngineException error) {
    refusal = error;
  }

  /** The next request that was accepted and not yet asked for here. */
  public Running nextRequest() throws InterruptedException {
    Running next = requests.poll(10, TimeUnit.SECONDS);
    if (next == null) {
      throw new AssertionError("no request reached the engine within 10 s");
    }
    last = next;
    return next;
  }

  /** The next request, however late it comes. */
  public Running awaitRequest() throws InterruptedException {
    return requests.take();
  }

  /** What {@link #nextRequest} returned last. */
  public Running lastRequest() {
    return Objects.requireNonNull(last);
  }

  public boolean idle() {
    return requests.isEmpty() && active.isEmpty();
  }

  /** A request that nobody will ask for here. */
  void discard(Running running) {
    requests.remove(running);
  }

  @Override
  public EngineModel model() {
    return new EngineModel(MODEL, "llama", 1000, 4096, 512, 64);
  }

  @Override
  public Generation generate(GenerationRequest request, GenerationListener listener) {
    if (draining) {
      throw new EngineException(ErrorCode.DRAINING, "the engine is shutting down");
    }
    EngineException refused = refusal;
    if (refused != null) {
      throw refused;
    }
    Running running = new Running(request, listener);
    active.add(running);
    requests.add(running);
    return running;
  }

  @Override
  public OptionalInt countPromptTokens(GenerationRequest request) {
    return OptionalInt.of(PROMPT_TOKENS);
  }

  /** A request under the test's control. */
  public final class Running implements Generation {
    private final GenerationRequest request;
    private final GenerationListener listener;
    private final CountDownLatch cancelled = new CountDownLatch(1);
    private final CountDownLatch ended = new CountDownLatch(1);
    private int tokens;

    private Running(GenerationRequest request, GenerationListener listener) {
      this.request = request;
      this.listener = listener;
    }

    public GenerationRequest request() {
      return request;
    }

    public Running begin() {
      return emit(new GenerationEvent.Started(PROMPT_TOKENS, cachedTokens()));
    }

    public Running say(String... words) {
      for (String word : words) {
        tokens++;
        emit(
            new GenerationEvent.Token(
                new GenerationEvent.GeneratedToken(
                    tokens,
                    word.getBytes(StandardCharsets.UTF_8),
                    1f,
                    -0.5f,
                    List.of(
                        new GenerationEvent.Alternative(
                            tokens, word.getBytes(StandardCharsets.UTF_8), 1f, -0.5f))),
                word));
      }
      return this;
    }

    public void finish(FinishReason reason) {
      end(new GenerationEvent.Finished(reason, "", usage()));
    }

    public void fail(ErrorCode code, String message) {
      end(new GenerationEvent.Failed(new EngineException(code, message), usage()));
    }

    public boolean cancelledWithin(Duration time) throws InterruptedException {
      return cancelled.await(time.toMillis(), TimeUnit.MILLISECONDS);
    }

    public boolean ended() {
      return !active.contains(this);
    }

    @Override
    public int promptTokenCount() {
      return PROMPT_TOKENS;
    }

    @Override
    public void cancel() {
      if (active.contains(this)) {
        cancelled.countDown();
        finish(FinishReason.CANCELLED);
      }
    }

    private int cachedTokens() {
      return request.systemPrompt() == null ? 0 : PROMPT_TOKENS / 2;
    }

    private TokenUsage usage() {
      return new TokenUsage(
          PROMPT_TOKENS,
          cachedTokens(),
          tokens,
          Duration.ofMillis(1),
          Duration.ofMillis(2),
          Duration.ofMillis(3));
    }

    private void end(GenerationEvent last) {
      if (active.remove(this)) {
        emit(last);
        thread.execute(ended::countDown);
      }
    }

    private Running emit(GenerationEvent event) {
      thread.execute(() -> listener.onEvent(event));
      return this;
    }
  }

  @Override
  public EngineStatistics statistics() {
    int running = active.size();
    return new EngineStatistics(
        16, 16, 0, 0, 0, 8, 32, 0, running, running, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  }

  @Override
  public void drain(Duration deadline) {
    draining = true;
    long end = System.nanoTime() + deadline.toNanos();
    for (Running running : active) {
      try {
        if (!running.ended.await(end - System.nanoTime(), TimeUnit.NANOSECONDS)) {
          running.fail(ErrorCode.DRAINING, "the engine is shutting down");
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Override
  public void close() {
    thread.shutdown();
  }
}
