package dev.baton.platform;

import dev.baton.engine.ChatMessage;
import dev.baton.engine.Engine;
import dev.baton.engine.EngineException;
import dev.baton.engine.EngineModel;
import dev.baton.engine.EngineStatistics;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.FinishReason;
import dev.baton.engine.Generation;
import dev.baton.engine.GenerationListener;
import dev.baton.engine.GenerationRequest;
import dev.baton.engine.PromptPreview;
import dev.baton.engine.SystemKvKey;
import dev.baton.engine.SystemKvStatus;
import dev.baton.engine.SystemPrompt;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * An engine that does what the last message of a request names, for clients that are programs of
 * their own: {@code busy once}, {@code full once}, {@code endless}, {@code fail midway}, {@code
 * fail}; everything else is answered with two words.
 */
public final class ScenarioEngine implements Engine {
  public static final String ANSWER = "Hello there";
  private static final Duration RETRY = Duration.ofSeconds(1);

  private final ScriptedEngine scripted = new ScriptedEngine();
  private final Set<String> refused = ConcurrentHashMap.newKeySet();
  private final ScheduledExecutorService clock =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("scenario").factory());

  @Override
  public Generation generate(GenerationRequest request, GenerationListener listener) {
    String scenario = lastMessage(request);
    if (scenario.startsWith("busy once") && refused.add(scenario)) {
      throw new EngineException(ErrorCode.QUEUE_FULL, "the queue is full", null, RETRY);
    }
    if (scenario.startsWith("full once") && refused.add(scenario)) {
      throw new EngineException(ErrorCode.MEMORY_FULL, "no room now", null, RETRY);
    }
    ScriptedEngine.Running running = (ScriptedEngine.Running) scripted.generate(request, listener);
    scripted.discard(running);
    running.begin();
    switch (scenario) {
      case "endless" -> endless(running);
      case "fail midway" -> running.say("Hello").fail(ErrorCode.INTERNAL, "the device failed");
      case "fail" -> running.fail(ErrorCode.INTERNAL, "the device failed");
      default -> running.say("Hello", " there").finish(FinishReason.STOP);
    }
    return running;
  }

  private void endless(ScriptedEngine.Running running) {
    Future<?>[] speaking = new Future<?>[1];
    speaking[0] =
        clock.scheduleAtFixedRate(
            () -> {
              if (running.ended()) {
                speaking[0].cancel(false);
              } else {
                running.say(" more");
              }
            },
            20,
            20,
            TimeUnit.MILLISECONDS);
  }

  private static String lastMessage(GenerationRequest request) {
    return switch (request.input()) {
      case GenerationRequest.Chat chat -> {
        ChatMessage last = chat.messages().getLast();
        yield last.content();
      }
      case GenerationRequest.Tokens tokens -> "";
    };
  }

  /** Requests under way. */
  public boolean idle() {
    return scripted.idle();
  }

  @Override
  public EngineModel model() {
    return scripted.model();
  }

  @Override
  public PromptPreview preview(String systemPrompt) {
    return scripted.preview(systemPrompt);
  }

  @Override
  public CompletableFuture<SystemKvStatus> warm(SystemPrompt prompt) {
    return scripted.warm(prompt);
  }

  @Override
  public CompletableFuture<SystemKvStatus> pin(SystemPrompt prompt) {
    return scripted.pin(prompt);
  }

  @Override
  public CompletableFuture<SystemKvStatus> unpin(SystemKvKey key) {
    return scripted.unpin(key);
  }

  @Override
  public CompletableFuture<SystemKvStatus> evict(SystemKvKey key) {
    return scripted.evict(key);
  }

  @Override
  public List<SystemKvStatus> systemKvs() {
    return scripted.systemKvs();
  }

  @Override
  public EngineStatistics statistics() {
    return scripted.statistics();
  }

  @Override
  public void drain(Duration deadline) {
    scripted.drain(deadline);
  }

  @Override
  public void close() {
    clock.shutdownNow();
    scripted.close();
  }
}
