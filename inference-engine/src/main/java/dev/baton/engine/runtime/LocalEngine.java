package dev.baton.engine.runtime;

import dev.baton.engine.Engine;
import dev.baton.engine.EngineException;
import dev.baton.engine.EngineModel;
import dev.baton.engine.EngineStatistics;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.Generation;
import dev.baton.engine.GenerationListener;
import dev.baton.engine.GenerationRequest;
import dev.baton.engine.PromptPreview;
import dev.baton.engine.SystemKvKey;
import dev.baton.engine.SystemKvStatus;
import dev.baton.engine.SystemPrompt;
import dev.baton.engine.backend.Backend;
import dev.baton.engine.backend.DeviceLostException;
import dev.baton.engine.kvcache.SystemTokens;
import dev.baton.engine.template.ChatFormat;
import dev.baton.engine.tokenizer.Tokenizer;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The engine in this process.
 *
 * <p>Callers' threads render and tokenise; one platform thread owns everything else (see {@link
 * EngineLoop}) and parks when there is nothing to do. The command queue never overflows: requests
 * hold a place in the waiting queue or the batch, each may be cancelled once, admin commands hold a
 * permit until they are answered.
 */
public final class LocalEngine implements Engine {
  private static final Logger LOG = System.getLogger(LocalEngine.class.getName());

  /** Work that can not be computed now is looked at again after this. */
  private static final long MAX_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  /** Of prompts that were counted and wait for their request; 16 MiB. */
  private static final long COUNTED_TOKENS = 4 << 20;

  private final Runnable release; // of all that was opened
  private final Tokenizer tokenizer;
  private final EngineModel model;
  private final Clock clock;
  private final Prompts prompts;
  private final CountedPrompts counted;
  private final Admissions admissions;
  private final EngineLoop loop;
  private final BlockingQueue<EngineCommand> commands;
  private final Semaphore adminPermits;

  private final Object gate = new Object(); // orders commands before the end
  private volatile @Nullable EngineException refusal; // why nothing new is accepted
  private boolean closing; // guarded by gate: no command follows
  private boolean finished; // engine thread: Close was handled
  private @Nullable Thread thread;
  private volatile String defect = "";

  /**
   * Opens a model file and serves it on the device that the settings call for.
   *
   * @throws EngineException when the file is damaged or not served, or when a setting is impossible
   *     on this machine
   */
  public static LocalEngine open(EngineSettings settings) {
    return EngineOpening.open(settings).start();
  }

  /**
   * Makes an engine that computes nothing until it is started, or stepped by hand.
   *
   * @param release gives back what was opened for the engine, once, when it has ended
   */
  LocalEngine(
      Backend backend,
      Runnable release,
      Tokenizer tokenizer,
      ChatFormat format,
      EngineModel model,
      EngineSettings settings,
      Clock clock) {
    this.release = release;
    this.tokenizer = tokenizer;
    this.model = model;
    this.clock = clock;
    prompts =
        new Prompts(
            format,
            model.vocabSize(),
            model.contextLength(),
            backend.kvLayout(),
            clock,
            settings.memory().rememberedSystemKvs());
    counted = new CountedPrompts(COUNTED_TOKENS);
    admissions = new Admissions(settings.queue(), clock);
    loop = new EngineLoop(backend, model.vocabSize(), settings, admissions, clock);
    int requests = settings.queue().waitingRequests() + settings.batch().maxSequences();
    adminPermits = new Semaphore(settings.queue().adminCommands());
    // Between two looks at the queue: cancels of what ran, submissions of as many, their cancels.
    commands = new ArrayBlockingQueue<>(4 * requests + settings.queue().adminCommands() + 16);
  }

  /** Starts the engine's thread. */
  LocalEngine start() {
    Thread started = new Thread(this::run, "baton-engine");
    started.setDaemon(true); // the owner closes the engine; a forgotten one does not hold the JVM
    thread = started;
    started.start();
    return this;
  }

  @Override
  public EngineModel model() {
    return model;
  }

  @Override
  public Generation generate(GenerationRequest request, GenerationListener listener) {
    EngineException refused = refusal;
    if (refused != null) {
      throw refused;
    }
    admissions.enter(request.tenantId());
    try {
      Prompts.Prepared before = counted.take(request);
      Prompts.Prepared prompt = before == null ? prompts.prepare(request) : before;
      ActiveRequest active =
          new ActiveRequest(
              request,
              listener,
              prompt,
              maxTokens(request, prompt.tokens().length),
              tokenizer,
              clock.instant(),
              cancelled -> sendUnlessClosed(new EngineCommand.Cancel(cancelled)));
      send(new EngineCommand.Submit(active));
      return active;
    } catch (RuntimeException | Error e) {
      admissions.leave(request.tenantId());
      throw e;
    }
  }

  /** Completion tokens at most: what the request says, within the context. */
  private int maxTokens(GenerationRequest request, int promptTokens) {
    int room = model.contextLength() - promptTokens;
    if (room < 1) {
      throw new EngineException(
          ErrorCode.CONTEXT_LENGTH_EXCEEDED,
          "the prompt has %d tokens, but the model's context is %d with at least 1 for the answer; shorten the messages"
              .formatted(promptTokens, model.contextLength()));
    }
    int[] forced = request.forcedTokens();
    if (forced != null) {
      prompts.requireTokens(forced);
      if (forced.length == 0) {
        throw new EngineException(
            ErrorCode.INVALID_REQUEST, "the continuation to score is empty; give it a token");
      }
      if (forced.length > room) {
        throw new EngineException(
            ErrorCode.CONTEXT_LENGTH_EXCEEDED,
            "prompt and continuation have %d tokens, but the model's context is %d; shorten them"
                .formatted(promptTokens + forced.length, model.contextLength()));
      }
      room = forced.length;
    }
    Integer wanted = request.maxTokens();
    return wanted == null ? room : Math.min(wanted, room);
  }

  @Override
  public OptionalInt countPromptTokens(GenerationRequest request) {
    Prompts.Prepared prompt = prompts.prepare(request);
    counted.put(request, prompt);
    return OptionalInt.of(prompt.tokens().length);
  }

  @Override
  public PromptPreview preview(String systemPrompt) {
    return prompts.preview(systemPrompt);
  }

  @Override
  public CompletableFuture<SystemKvStatus> warm(SystemPrompt prompt) {
    return warm(prompt, false);
  }

  @Override
  public CompletableFuture<SystemKvStatus> pin(SystemPrompt prompt) {
    return warm(prompt, true);
  }

  private CompletableFuture<SystemKvStatus> warm(SystemPrompt prompt, boolean pin) {
    return administer(result -> {
      SystemTokens tokens = prompts.systemTokens(prompt);
      return new EngineCommand.Warm(tokens, pin, result);
    });
  }

  @Override
  public CompletableFuture<SystemKvStatus> unpin(SystemKvKey key) {
    return administer(result -> new EngineCommand.Unpin(key, result));
  }

  @Override
  public CompletableFuture<SystemKvStatus> evict(SystemKvKey key) {
    return administer(result -> new EngineCommand.Evict(key, result));
  }

  /** Sends an admin command; whatever speaks against it fails the future. */
  private CompletableFuture<SystemKvStatus> administer(
      Function<CompletableFuture<SystemKvStatus>, EngineCommand> command) {
    if (!adminPermits.tryAcquire()) {
      return CompletableFuture.failedFuture(
          new EngineException(
              ErrorCode.QUEUE_FULL, "too many admin commands are in progress; try again later"));
    }
    CompletableFuture<SystemKvStatus> result = new CompletableFuture<>();
    try {
      send(command.apply(result));
    } catch (EngineException e) {
      result.completeExceptionally(e);
    }
    return result.whenComplete((status, error) -> adminPermits.release());
  }

  @Override
  public List<SystemKvStatus> systemKvs() {
    return loop.systemKvs();
  }

  @Override
  public EngineStatistics statistics() {
    return loop.statistics();
  }

  @Override
  public String defect() {
    return defect;
  }

  @Override
  public void drain(Duration deadline) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    synchronized (gate) {
      if (closing) {
        return;
      }
      refusal =
          new EngineException(
              ErrorCode.DRAINING, "the engine is shutting down; try again elsewhere");
      send(new EngineCommand.Drain(clock.instant().plus(deadline), done));
    }
    Thread engineThread = thread;
    if (engineThread != null && engineThread != Thread.currentThread()) {
      done.join();
    }
  }

  @Override
  public void close() {
    synchronized (gate) {
      if (!closing) {
        refusal = new EngineException(ErrorCode.DRAINING, "the engine is closed");
        send(new EngineCommand.Close());
        closing = true;
      }
    }
    Thread engineThread = thread;
    if (engineThread == null) {
      if (!finished) {
        handleCommands();
        release.run();
      }
    } else if (engineThread != Thread.currentThread()) {
      joinUninterruptibly(engineThread);
    }
  }

  private static void joinUninterruptibly(Thread engineThread) {
    boolean interrupted = false;
    while (true) {
      try {
        engineThread.join();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void send(EngineCommand command) {
    synchronized (gate) {
      if (closing) {
        throw refusal == null
            ? new EngineException(ErrorCode.DRAINING, "the engine is closed")
            : refusal;
      }
      commands.add(command);
    }
  }

  private void sendUnlessClosed(EngineCommand command) {
    synchronized (gate) {
      if (!closing) {
        commands.add(command);
      }
    }
  }

  // ---- the engine thread ----

  private void run() {
    try {
      boolean computed = false;
      while (!finished) {
        awaitWork(computed);
        computed = step();
      }
    } catch (RuntimeException | Error e) {
      LOG.log(Level.ERROR, "the engine stops after a defect", e);
      String words =
          e instanceof DeviceLostException
              ? "the device is lost to this process; restart the engine"
              : "the engine has stopped after a defect; restart it";
      stop(new EngineException(ErrorCode.INTERNAL, words, e));
    } finally {
      release.run();
    }
  }

  /** Handles the commands that have arrived and computes a step; false when there was none. */
  boolean step() {
    handleCommands();
    return !finished && loop.step();
  }

  private void handleCommands() {
    for (EngineCommand command; (command = commands.poll()) != null; ) {
      handle(command);
    }
  }

  private void handle(EngineCommand command) {
    loop.handle(command);
    finished |= command instanceof EngineCommand.Close;
  }

  /** Returns at once while steps compute something; else when a command or a deadline comes. */
  private void awaitWork(boolean computed) {
    if (computed && loop.hasWork()) {
      return;
    }
    Instant deadline = loop.deadline();
    try {
      EngineCommand command;
      if (deadline != null) {
        long nanos = Math.max(0, Duration.between(clock.instant(), deadline).toNanos());
        command = commands.poll(Math.min(nanos, MAX_PAUSE_NANOS), TimeUnit.NANOSECONDS);
      } else if (loop.hasWork()) {
        command = commands.poll(MAX_PAUSE_NANOS, TimeUnit.NANOSECONDS);
      } else {
        loop.verify();
        command = commands.take();
      }
      if (command != null) {
        handle(command);
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException("the engine's thread was interrupted", e);
    }
  }

  private void stop(EngineException error) {
    synchronized (gate) {
      closing = true;
      refusal = error;
    }
    defect = Objects.requireNonNullElse(error.getMessage(), "the engine has stopped");
    finished = true;
    loop.abandonAll(error);
    for (EngineCommand command; (command = commands.poll()) != null; ) {
      loop.refuse(command, error);
    }
  }

  /** For tests: checks that no block was lost. */
  void verify() {
    loop.verify();
  }
}
