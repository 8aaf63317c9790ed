package dev.baton.platform.bench;

import dev.baton.engine.EngineModel;
import dev.baton.engine.EngineStatistics;
import dev.baton.engine.FinishReason;
import dev.baton.engine.Generation;
import dev.baton.engine.GenerationEvent;
import dev.baton.engine.GenerationListener;
import dev.baton.engine.GenerationRequest;
import dev.baton.engine.TokenUsage;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * An engine that costs nothing, so that what is left is the platform: it answers at once on a
 * thread of its own, as a real engine does. A request for more than {@link #AT_ONCE} tokens gets
 * one token a second instead, as many streams that stay open.
 */
final class InstantEngine implements AlwaysResident {
  static final String MODEL = "instant";
  static final String WORD = "word";
  static final int AT_ONCE = 64;

  private static final int PROMPT_TOKENS = 40;
  private static final int CONTEXT = 1 << 20;
  private static final GenerationEvent.Token TOKEN =
      new GenerationEvent.Token(
          new GenerationEvent.GeneratedToken(
              1, WORD.getBytes(StandardCharsets.UTF_8), 1f, -0.5f, List.of()),
          WORD);

  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().daemon().name("instant-engine").factory());
  private final ScheduledExecutorService seconds =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("instant-engine-seconds").factory());
  private final Set<Running> open = ConcurrentHashMap.newKeySet();
  private final AtomicLong steps = new AtomicLong();
  private volatile boolean draining;

  InstantEngine() {
    seconds.scheduleAtFixedRate(
        () -> thread.execute(() -> open.forEach(Running::step)), 1, 1, TimeUnit.SECONDS);
  }

  @Override
  public EngineModel model() {
    return new EngineModel(MODEL, "stub", 1, CONTEXT, 512, 64);
  }

  @Override
  public Generation generate(GenerationRequest request, GenerationListener listener) {
    Integer wanted = request.maxTokens();
    Running running = new Running(listener, wanted == null ? AT_ONCE : wanted);
    thread.execute(running::begin);
    return running;
  }

  @Override
  public OptionalInt countPromptTokens(GenerationRequest request) {
    return OptionalInt.of(PROMPT_TOKENS);
  }

  /** One request; all but {@link #cancel} on the engine's thread. */
  private final class Running implements Generation {
    private final GenerationListener listener;
    private final int wanted;
    private final long accepted = System.nanoTime();
    private Duration firstToken = Duration.ZERO;
    private int tokens;

    Running(GenerationListener listener, int wanted) {
      this.listener = listener;
      this.wanted = wanted;
    }

    void begin() {
      listener.onEvent(new GenerationEvent.Started(PROMPT_TOKENS, PROMPT_TOKENS / 2));
      open.add(this);
      do {
        step();
      } while (wanted <= AT_ONCE && tokens < wanted);
    }

    void step() {
      steps.incrementAndGet();
      if (tokens++ == 0) {
        firstToken = Duration.ofNanos(System.nanoTime() - accepted);
      }
      listener.onEvent(TOKEN);
      if (tokens == wanted || draining) {
        end(FinishReason.LENGTH);
      }
    }

    private void end(FinishReason reason) {
      if (open.remove(this)) {
        Duration total = Duration.ofNanos(System.nanoTime() - accepted);
        listener.onEvent(
            new GenerationEvent.Finished(
                reason,
                "",
                new TokenUsage(
                    PROMPT_TOKENS, PROMPT_TOKENS / 2, tokens, Duration.ZERO, firstToken, total)));
      }
    }

    @Override
    public int promptTokenCount() {
      return PROMPT_TOKENS;
    }

    @Override
    public void cancel() {
      if (!thread.isShutdown()) {
        thread.execute(() -> end(FinishReason.CANCELLED));
      }
    }
  }

  @Override
  public EngineStatistics statistics() {
    int running = open.size();
    return new EngineStatistics(
        16, 16, 0, 0, 0, 8, 32, 0, running, running, 0, steps.get(), 0, 0, 0, 0, 0, 0, 0, 0, 0);
  }

  @Override
  public void drain(Duration deadline) {
    draining = true;
  }

  @Override
  public void close() {
    seconds.shutdownNow();
    thread.shutdownNow();
  }
}
