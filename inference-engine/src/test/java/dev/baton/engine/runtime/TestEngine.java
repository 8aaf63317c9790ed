package dev.baton.engine.runtime;

import dev.baton.engine.ChatMessage;
import dev.baton.engine.EngineException;
import dev.baton.engine.EngineModel;
import dev.baton.engine.EngineStatistics;
import dev.baton.engine.Generation;
import dev.baton.engine.GenerationRequest;
import dev.baton.engine.Residency;
import dev.baton.engine.SamplingParameters;
import dev.baton.engine.SystemKvKey;
import dev.baton.engine.SystemKvStatus;
import dev.baton.engine.SystemPrompt;
import dev.baton.engine.scheduler.RelayMode;
import dev.baton.engine.scheduler.SchedulerSettings;
import dev.baton.engine.template.ChatFormat;
import dev.baton.engine.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/** An engine on a {@link RecordingBackend}, stepped by hand, and short words for what tests ask. */
final class TestEngine implements AutoCloseable {
  static final int BLOCK_TOKENS = 4;
  static final int CONTEXT = 512;

  /** Thousands of requests would each log a line. */
  private static final Logger LOG = Logger.getLogger("dev.baton.engine");

  static {
    LOG.setLevel(Level.OFF);
  }

  final RecordingBackend backend;
  final TestClock clock = new TestClock();
  final ChatFormat format;
  final LocalEngine engine;
  private final AtomicInteger requestIds = new AtomicInteger();

  TestEngine(int blocks) {
    this(blocks, settings());
  }

  TestEngine(int blocks, EngineSettings settings) {
    this(blocks, settings, ByteTokens.TEMPLATE);
  }

  TestEngine(int blocks, EngineSettings settings, String template) {
    Tokenizer tokenizer = ByteTokens.tokenizer();
    format = ChatFormat.of(template, tokenizer, clock);
    backend = new RecordingBackend(blocks, BLOCK_TOKENS, ByteTokens.VOCAB_SIZE);
    EngineModel model = new EngineModel("test", "llama", 1, CONTEXT, ByteTokens.VOCAB_SIZE, 100);
    engine = new LocalEngine(backend, backend::close, tokenizer, format, model, settings, clock);
  }

  static EngineSettings settings() {
    return EngineSettings.defaults(Path.of("test.gguf"))
        .withBatch(new SchedulerSettings(8, 24, RelayMode.AUTO, 1, 2, 32));
  }

  static EngineSettings batch(int maxSequences, int tokensPerStep, RelayMode relay) {
    return settings()
        .withBatch(new SchedulerSettings(maxSequences, tokensPerStep, relay, 1, 2, 32));
  }

  /** A request, its listener and its handle. */
  final class Call {
    final RecordingListener listener = new RecordingListener();
    final GenerationRequest request;
    final int[] prompt;
    final Generation generation;

    Call(GenerationRequest request, int[] prompt) {
      this.request = request;
      this.prompt = prompt;
      this.generation = engine.generate(request, listener);
    }

    List<Integer> expectedIds() {
      int max = request.maxTokens() == null ? CONTEXT : request.maxTokens();
      return RecordingBackend.expected(
          prompt,
          Math.min(max, CONTEXT - prompt.length),
          request.ignoreEos() ? -1 : ByteTokens.EOS,
          ByteTokens.VOCAB_SIZE);
    }
  }

  /** A request of token ids without a system prompt. */
  Call ungrouped(String tenant, String input, int maxTokens) {
    return call(tenant, null, input, maxTokens);
  }

  /** A request of token ids behind a system prompt of token ids. */
  Call call(String tenant, @Nullable SystemPrompt system, String input, int maxTokens) {
    int[] own = ByteTokens.ids(input);
    int[] prefix =
        system != null && system.source() instanceof SystemPrompt.Tokens tokens
            ? tokens.ids()
            : new int[0];
    int[] prompt = Arrays.copyOf(prefix, prefix.length + own.length);
    System.arraycopy(own, 0, prompt, prefix.length, own.length);
    return new Call(request(tenant, system, new GenerationRequest.Tokens(own), maxTokens), prompt);
  }

  Call chat(String tenant, String versionId, String systemText, String user, int maxTokens) {
    return chat(tenant, versionId, systemText, List.of(new ChatMessage("user", user)), maxTokens);
  }

  Call chat(
      String tenant,
      String versionId,
      String systemText,
      List<ChatMessage> messages,
      int maxTokens) {
    SystemPrompt prompt =
        new SystemPrompt(new SystemKvKey(tenant, versionId), new SystemPrompt.Text(systemText));
    return new Call(
        request(tenant, prompt, new GenerationRequest.Chat(messages), maxTokens),
        format.encode(systemText, messages));
  }

  GenerationRequest request(
      String tenant, @Nullable SystemPrompt system, GenerationRequest.Input input, int maxTokens) {
    return new GenerationRequest(
        "r" + requestIds.incrementAndGet(),
        tenant,
        system,
        input,
        SamplingParameters.GREEDY,
        maxTokens,
        List.of(),
        true,
        0,
        null);
  }

  static SystemPrompt prompt(String tenant, String text) {
    return new SystemPrompt(key(tenant), new SystemPrompt.Tokens(ByteTokens.ids(text)));
  }

  static SystemKvKey key(String tenant) {
    return new SystemKvKey(tenant, tenant + "-v1");
  }

  /** Steps until nothing is left to do, checking the pool each time. */
  void runUntilIdle() {
    int idle = 0;
    for (int steps = 0; idle < 2; steps++) {
      if (steps > 100_000) {
        throw new AssertionError("the engine does not come to rest");
      }
      idle = engine.step() ? 0 : idle + 1;
      engine.verify();
    }
  }

  void steps(int count) {
    for (int i = 0; i < count; i++) {
      engine.step();
      engine.verify();
    }
  }

  /** The system KV of a tenant as the last step left it. */
  SystemKvStatus status(String tenant) {
    return status(key(tenant));
  }

  SystemKvStatus status(SystemKvKey key) {
    return engine.systemKvs().stream()
        .filter(status -> status.key().equals(key))
        .findFirst()
        .orElseThrow();
  }

  /** Runs until an admin command is answered. */
  SystemKvStatus answer(CompletableFuture<SystemKvStatus> future) {
    runUntilIdle();
    return future.join();
  }

  /** Runs until an admin command has failed. */
  EngineException failure(CompletableFuture<SystemKvStatus> future) {
    runUntilIdle();
    try {
      SystemKvStatus status = future.join();
      throw new AssertionError("did not fail: " + status);
    } catch (CompletionException e) {
      if (e.getCause() instanceof EngineException error) {
        return error;
      }
      throw e;
    }
  }

  /** Nothing runs: all blocks are free or hold system KVs. */
  void assertNothingLost() {
    engine.verify();
    EngineStatistics statistics = engine.statistics();
    if (statistics.requestBlocks() != 0
        || statistics.freeBlocks() + statistics.systemBlocks() != statistics.totalBlocks()
        || statistics.waitingRequests() != 0
        || statistics.runningSequences() != 0) {
      throw new AssertionError("something is left: " + statistics);
    }
    long fills = engine.systemKvs().stream().mapToLong(SystemKvStatus::fills).sum();
    long evictions = engine.systemKvs().stream().mapToLong(SystemKvStatus::evictions).sum();
    long held =
        engine.systemKvs().stream()
            .filter(status -> status.residency() == Residency.DEVICE)
            .count();
    if (fills - evictions != held) {
      throw new AssertionError(
          fills + " fills, " + evictions + " evictions, but " + held + " system KVs are held");
    }
  }

  @Override
  public void close() {
    engine.close();
    if (!backend.closed()) {
      throw new AssertionError("the backend stays open");
    }
  }
}
