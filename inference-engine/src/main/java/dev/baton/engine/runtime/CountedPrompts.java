package dev.baton.engine.runtime;

import dev.baton.engine.GenerationRequest;
import dev.baton.engine.SystemPrompt;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Prompts that were tokenised to be counted, until their request is generated: whoever limits
 * tokens asks for the count first, and a long conversation takes milliseconds. Bounded by tokens;
 * those of requests that were then refused leave first.
 */
final class CountedPrompts {
  private final long capacityTokens;
  private final Map<String, Counted> byRequest = new LinkedHashMap<>();
  private long tokens;

  private record Counted(
      GenerationRequest.Input input, @Nullable SystemPrompt system, Prompts.Prepared prepared) {
    boolean isOf(GenerationRequest request) {
      return input == request.input() && system == request.systemPrompt();
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
    byRequest.put(
        request.requestId(), new Counted(request.input(), request.systemPrompt(), prepared));
    tokens += prepared.tokens().length;
    Iterator<Counted> eldest = byRequest.values().iterator();
    while (tokens > capacityTokens) {
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
}
