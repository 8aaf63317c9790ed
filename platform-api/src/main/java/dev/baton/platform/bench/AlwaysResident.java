package dev.baton.platform.bench;

import dev.baton.engine.Engine;
import dev.baton.engine.PromptPreview;
import dev.baton.engine.Residency;
import dev.baton.engine.SystemKvKey;
import dev.baton.engine.SystemKvStatus;
import dev.baton.engine.SystemPrompt;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** A stand-in for an engine that holds no system KV and does at once what it is told of them. */
public interface AlwaysResident extends Engine {
  @Override
  default PromptPreview preview(String systemPrompt) {
    int tokens = systemPrompt.length() / 4 + 1;
    long bytes = tokens * model().kvBytesPerToken();
    return new PromptPreview(
        tokens, bytes, model().contextLength(), model().contextLength() - tokens, tokens);
  }

  @Override
  default CompletableFuture<SystemKvStatus> warm(SystemPrompt prompt) {
    return told(prompt.key(), Residency.DEVICE, false);
  }

  @Override
  default CompletableFuture<SystemKvStatus> pin(SystemPrompt prompt) {
    return told(prompt.key(), Residency.DEVICE, true);
  }

  @Override
  default CompletableFuture<SystemKvStatus> unpin(SystemKvKey key) {
    return told(key, Residency.DEVICE, false);
  }

  @Override
  default CompletableFuture<SystemKvStatus> evict(SystemKvKey key) {
    return told(key, Residency.ABSENT, false);
  }

  private static CompletableFuture<SystemKvStatus> told(
      SystemKvKey key, Residency residency, boolean pinned) {
    return CompletableFuture.completedFuture(
        new SystemKvStatus(key, residency, pinned, 6, 6, 384, 0, 1, 0, 0, Map.of(), null));
  }

  @Override
  default List<SystemKvStatus> systemKvs() {
    return List.of();
  }
}
