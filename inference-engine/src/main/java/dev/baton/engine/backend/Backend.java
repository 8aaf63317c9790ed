package dev.baton.engine.backend;

import dev.baton.engine.attention.RelayCostModel;
import dev.baton.engine.sampling.Draw;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A device that holds the weights and the KV memory and computes steps. Called by the engine thread
 * only.
 *
 * <p>The caller owns the meaning of blocks; a backend reads and writes the blocks that a step names
 * and no others.
 */
public interface Backend extends AutoCloseable {

  /** Shape of the KV memory, all of it allocated when the backend was made. */
  KvLayout kvLayout();

  /** What a relayed and a plain system part cost on this device. */
  RelayCostModel relayCostModel();

  /**
   * Computes all tokens of a step: writes their keys and values and returns the logits asked for.
   *
   * @return rows in the order of the step's sequences and tokens, valid until the next call
   */
  Logits forward(Step step);

  /**
   * Like {@link #forward(Step)}; a backend that can chooses tokens where the logits are.
   *
   * @param draws by row of logits; null where the caller wants the logits
   */
  default Logits forward(Step step, List<@Nullable Draw> draws) {
    return forward(step);
  }

  /**
   * Overwrites blocks with zeros, so that what a tenant left is gone before another's sequence owns
   * them.
   */
  void clearBlocks(int[] blocks);

  @Override
  void close();
}
