package dev.baton.engine.scheduler;

import dev.baton.engine.backend.Step;
import dev.baton.engine.kvcache.SystemKv;
import java.util.List;

/**
 * A step and what it means.
 *
 * @param step what the backend computes
 * @param parts what each of the step's sequence parts belongs to, in the same order
 */
public record StepPlan(Step step, List<Part> parts) {

  /** Whose tokens a part of the step computes. */
  public sealed interface Part {
    int tokenCount();
  }

  /**
   * Tokens of a request.
   *
   * @param sampled whether these are the last ones known, so that their logits give the next token
   */
  public record RequestPart(Sequence sequence, int tokenCount, boolean sampled) implements Part {}

  /** A chunk of a system KV's fill. */
  public record FillPart(SystemKv systemKv, int tokenCount) implements Part {}
}
