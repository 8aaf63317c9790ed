package dev.baton.engine.bench;

import dev.baton.engine.backend.Step;
import dev.baton.engine.backend.cpu.MachineCeilings;
import dev.baton.engine.model.ModelConfig;

/**
 * What a step must move and compute at least.
 *
 * @param bytes weights once, and the keys and values that each row or relayed group reads
 * @param flops of its products and of attention, two a multiply-add
 */
record StepCost(double bytes, double flops) {

  /**
   * @param weightBytes of all products of the model
   * @param kvBytesPerToken over all layers
   */
  static StepCost of(Step step, ModelConfig model, long weightBytes, long kvBytesPerToken) {
    double kvTokens = 0;
    double attended = 0; // pairs of a row and a key
    for (Step.Group group : step.groups()) {
      int shared = group.system() == null ? 0 : group.system().tokenCount();
      kvTokens += group.relay() ? shared : (double) shared * group.sequences().size();
      for (Step.SequencePart part : group.sequences()) {
        int rows = part.tokens().length;
        kvTokens += part.start() + rows;
        attended += rows * (shared + part.start() + (rows + 1) / 2.0);
      }
    }
    double body =
        (double) model.layerCount()
            * ((double) model.modelDim() * (2 * model.queryDim() + 2 * model.kvDim())
                + 3.0 * model.modelDim() * model.ffnDim());
    double head = (double) model.modelDim() * model.vocabSize();
    double flops =
        2 * (body * step.tokenCount() + head * step.logitsCount())
            + 4.0 * attended * model.queryDim() * model.layerCount();
    return new StepCost(weightBytes + kvTokens * kvBytesPerToken, flops);
  }

  /** Seconds that reading alone takes at this machine's bandwidth. */
  double readSeconds(MachineCeilings ceilings) {
    return bytes / ceilings.readBytesPerSecondAll();
  }

  /** Seconds that computing alone takes at this machine's f32 peak. */
  double computeSeconds(MachineCeilings ceilings) {
    return flops / ceilings.fmaFlopsAll();
  }
}
