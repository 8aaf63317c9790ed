package dev.baton.engine.backend;

import dev.baton.engine.sampling.SampledToken;
import org.jspecify.annotations.Nullable;

/** The logits of one step: {@code [rowCount, vocabSize]} f32. */
public interface Logits {
  int rowCount();

  int vocabSize();

  /** The token that the backend chose for a row; null when its logits are there to choose from. */
  default @Nullable SampledToken sampled(int row) {
    return null;
  }

  /** Copies row {@code row} to {@code target}, {@code vocabSize} values. */
  void copyRow(int row, float[] target);
}
