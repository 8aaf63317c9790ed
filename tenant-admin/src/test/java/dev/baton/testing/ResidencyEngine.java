package dev.baton.testing;

import dev.baton.engine.Engine;
import dev.baton.engine.EngineException;
import dev.baton.engine.EngineModel;
import dev.baton.engine.EngineStatistics;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.Generation;
import dev.baton.engine.GenerationListener;
import dev.baton.engine.GenerationRequest;
import dev.baton.engine.PromptPreview;
import dev.baton.engine.Residency;
import dev.baton.engine.SystemKvKey;
import dev.baton.engine.SystemKvStatus;
import dev.baton.engine.SystemPrompt;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The residency half of the engine's door, without a model: a character is a token, and a fill ends
 * when the test says so.
 */
public final class ResidencyEngine implements Engine {
  private static final int CONTEXT = 4096;
  private static final int KV_BYTES = 100;
  private static final int BLOCK_TOKENS = 16;

  private final Map<SystemKvKey, Entry> entries = new LinkedHashMap<>();
  private boolean manualFills;
  private int pinBudgetTokens = 2000;

  private static final class Entry {
    final int tokens;
    Residency residency = Residency.ABSENT;
    boolean pinned;
    boolean pinWhenFilled;
    int sequences;
    int filled;
    long fills;
    long evictions;
    @Nullable CompletableFuture<SystemKvStatus> filling;

    Entry(int tokens) {
      this.tokens = tokens;
    }
  }

  /** Fills end only by {@link #finishFill} or {@link #failFill}. */
  public synchronized void manualFills(boolean manual) {
    manualFills = manual;
  }

  public synchronized void pinBudgetTokens(int tokens) {
    pinBudgetTokens = tokens;
  }

  /** Pretends that running sequences use a system KV. */
  public synchronized void use(SystemKvKey key, int sequences) {
    entry(key).sequences = sequences;
  }

  /** How far a fill is. */
  public synchronized void fillUpTo(SystemKvKey key, int tokens) {
    entry(key).filled = tokens;
  }

  public void finishFill(SystemKvKey key) {
    CompletableFuture<SystemKvStatus> done;
    SystemKvStatus status;
    synchronized (this) {
      Entry entry = entry(key);
      entry.residency = Residency.DEVICE;
      entry.filled = entry.tokens;
      entry.fills++;
      entry.pinned |= entry.pinWhenFilled;
      done = entry.filling;
      entry.filling = null;
      status = status(key, entry);
    }
    if (done != null) {
      done.complete(status);
    }
  }

  public void failFill(SystemKvKey key, EngineException error) {
    CompletableFuture<SystemKvStatus> done;
    synchronized (this) {
      Entry entry = entry(key);
      entry.residency = Residency.ABSENT;
      done = entry.filling;
      entry.filling = null;
    }
    if (done != null) {
      done.completeExceptionally(error);
    }
  }

  public synchronized boolean isFilling(SystemKvKey key) {
    Entry entry = entries.get(key);
    return entry != null && entry.residency == Residency.FILLING;
  }

  @Override
  public EngineModel model() {
    return new EngineModel("fake", "llama", 1000, CONTEXT, 256, KV_BYTES);
  }

  @Override
  public Generation generate(GenerationRequest request, GenerationListener listener) {
    throw new EngineException(ErrorCode.INTERNAL, "this engine does not generate");
  }

  @Override
  public PromptPreview preview(String text) {
    int tokens = text.codePointCount(0, text.length());
    return new PromptPreview(
        tokens, (long) tokens * KV_BYTES, CONTEXT, Math.max(0, CONTEXT - tokens), tokens);
  }

  @Override
  public CompletableFuture<SystemKvStatus> warm(SystemPrompt prompt) {
    return fill(prompt, false);
  }

  @Override
  public CompletableFuture<SystemKvStatus> pin(SystemPrompt prompt) {
    synchronized (this) {
      int pinned =
          entries.values().stream().filter(entry -> entry.pinned).mapToInt(e -> e.tokens).sum();
      if (pinned + tokens(prompt) > pinBudgetTokens) {
        return failed(ErrorCode.PIN_BUDGET_EXCEEDED, "The pin budget is used up.");
      }
    }
    return fill(prompt, true);
  }

  private CompletableFuture<SystemKvStatus> fill(SystemPrompt prompt, boolean pin) {
    CompletableFuture<SystemKvStatus> result;
    boolean finish;
    synchronized (this) {
      Entry entry = entries.computeIfAbsent(prompt.key(), key -> new Entry(tokens(prompt)));
      if (entry.residency == Residency.DEVICE) {
        entry.pinned |= pin;
        return CompletableFuture.completedFuture(status(prompt.key(), entry));
      }
      entry.pinWhenFilled |= pin;
      entry.residency = Residency.FILLING;
      if (entry.filling == null) {
        entry.filling = new CompletableFuture<>();
      }
      result = entry.filling;
      finish = !manualFills;
    }
    if (finish) {
      finishFill(prompt.key());
    }
    return result;
  }

  @Override
  public synchronized CompletableFuture<SystemKvStatus> unpin(SystemKvKey key) {
    Entry entry = entries.get(key);
    if (entry == null) {
      return failed(ErrorCode.SYSTEM_KV_UNKNOWN, "The engine does not know this system KV.");
    }
    entry.pinned = false;
    return CompletableFuture.completedFuture(status(key, entry));
  }

  /** As the real one: also ends a fill, and tells those that wait for it. */
  @Override
  public CompletableFuture<SystemKvStatus> evict(SystemKvKey key) {
    if (isFilling(key)) {
      failFill(key, new EngineException(ErrorCode.SYSTEM_KV_UNKNOWN, "It was evicted."));
    }
    return evictResident(key);
  }

  private synchronized CompletableFuture<SystemKvStatus> evictResident(SystemKvKey key) {
    Entry entry = entries.computeIfAbsent(key, unknown -> new Entry(0));
    if (entry.sequences > 0) {
      return failed(ErrorCode.SYSTEM_KV_IN_USE, "Running chats use this system KV.");
    }
    if (entry.residency == Residency.DEVICE) {
      entry.residency = Residency.ABSENT;
      entry.pinned = false;
      entry.filled = 0;
      entry.evictions++;
    }
    return CompletableFuture.completedFuture(status(key, entry));
  }

  @Override
  public synchronized List<SystemKvStatus> systemKvs() {
    return entries.entrySet().stream().map(e -> status(e.getKey(), e.getValue())).toList();
  }

  @Override
  public synchronized EngineStatistics statistics() {
    int pinned =
        entries.values().stream().filter(entry -> entry.pinned).mapToInt(e -> e.tokens).sum();
    return new EngineStatistics(
        1000,
        1000,
        0,
        0,
        pinned / BLOCK_TOKENS,
        pinBudgetTokens / BLOCK_TOKENS,
        BLOCK_TOKENS,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0);
  }

  @Override
  public void drain(Duration deadline) {}

  @Override
  public void close() {}

  private Entry entry(SystemKvKey key) {
    Entry entry = entries.get(key);
    if (entry == null) {
      throw new IllegalArgumentException("unknown system KV");
    }
    return entry;
  }

  private static int tokens(SystemPrompt prompt) {
    return switch (prompt.source()) {
      case SystemPrompt.Text text -> text.text().codePointCount(0, text.text().length());
      case SystemPrompt.Tokens tokens -> tokens.ids().length;
    };
  }

  private static SystemKvStatus status(SystemKvKey key, Entry entry) {
    boolean onDevice = entry.residency == Residency.DEVICE;
    return new SystemKvStatus(
        key,
        entry.residency,
        entry.pinned,
        entry.tokens,
        entry.filled,
        onDevice ? (long) entry.tokens * KV_BYTES : 0,
        entry.sequences,
        entry.fills,
        0,
        entry.evictions,
        Map.of(),
        null);
  }

  private static CompletableFuture<SystemKvStatus> failed(ErrorCode code, String message) {
    return CompletableFuture.failedFuture(new EngineException(code, message));
  }
}
