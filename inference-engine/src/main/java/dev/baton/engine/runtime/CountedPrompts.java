package dev.baton.engine.runtime;

import dev.baton.engine.GenerationRequest;
import dev.baton.engine.SystemKvKey;
import dev.baton.engine.SystemPrompt;
import java.lang.ref.WeakReference;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Prompts that were tokenised to be counted, until their request is generated: whoever limits
 * tokens asks for the count first, and a long conversation takes milliseconds. Bounded in number
 * and in tokens; those of requests that were then refused leave first, and keep no text alive.
 */
final class CountedPrompts {
  private static final int MOST = 1024;

  private final long capacityTokens;
  private final Map<String, Counted> byRequest = new LinkedHashMap<>();
  private long tokens;

  private record Counted(
      WeakReference<GenerationRequest.Input> input,
      @Nullable SystemKvKey system,
      Prompts.Prepared prepared) {
    Counted(GenerationRequest request, Prompts.Prepared prepared) {
      this(new WeakReference<>(request.input()), key(request.systemPrompt()), prepared);
    }

    boolean isOf(GenerationRequest request) {
      return input.refersTo(request.input()) && Objects.equals(system, key(request.systemPrompt()));
    }

    private static @Nullable SystemKvKey key(@Nullable SystemPrompt prompt) {
      return prompt == null ? null : prompt.key();
    }

    int tokens() {
      return prepared.tokens().length;
    }
  }

  CountedPrompts(long capacityTokens) {
    this.capacityTokens = capacityTokens;
  }

  synchronized void put(GenerationRequest request, Prompts.Prepared prepared) {
    take(request);
    byRequest.put(request.requestId(), new Counted(request, prepared));
    tokens += prepared.tokens().length;
    Iterator<Counted> eldest = byRequest.values().iterator();
    while (tokens > capacityTokens || byRequest.size() > MOST) {
      tokens -= eldest.next().tokens();
      eldest.remove();
    }
  }

  /** What was put for this very request, once; null where it is not there any more. */
  synchronized Prompts.@Nullable Prepared take(GenerationRequest request) {
    Counted counted = byRequest.remove(request.requestId());
    if (counted == null) {
      return null;
    }
    tokens -= counted.tokens();
    return counted.isOf(request) ? counted.prepared() : null;
  }

  synchronized long tokens() {
    return tokens;
  }

  synchronized int count() {
    return byRequest.size();
  }
}
