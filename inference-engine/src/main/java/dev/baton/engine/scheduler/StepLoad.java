package dev.baton.engine.scheduler;

import dev.baton.engine.backend.Step;

/**
 * What a step's time depends on.
 *
 * @param tokens computed
 * @param kvTokens tokens whose keys and values are read: a relayed system part once for its group,
 *     everything else once for each sequence
 */
record StepLoad(int tokens, long kvTokens) {

  static StepLoad of(Step step) {
    long kvTokens = 0;
    for (Step.Group group : step.groups()) {
      long shared = group.system() == null ? 0 : group.system().tokenCount();
      kvTokens += group.relay() ? shared : shared * group.sequences().size();
      for (Step.SequencePart part : group.sequences()) {
        kvTokens += part.start() + part.tokens().length;
      }
    }
    return new StepLoad(step.tokenCount(), kvTokens);
  }
}
