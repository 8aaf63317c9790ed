package dev.baton.engine.sampling;

import dev.baton.engine.SamplingParameters;

/**
 * All that the choice of one token depends on beside its logits, for a device that chooses where
 * the logits are. Valid until its {@link Sampler} has taken the token.
 */
public final class Draw {
  private final SamplingParameters parameters;
  private final TokenCounts seen;
  private final int[] biasIds;
  private final float[] biases;
  private double uniform;

  Draw(SamplingParameters parameters, TokenCounts seen, int[] biasIds, float[] biases) {
    this.parameters = parameters;
    this.seen = seen;
    this.biasIds = biasIds;
    this.biases = biases;
  }

  /** The same draw for the next token. */
  Draw with(double number) {
    uniform = number;
    return this;
  }

  public SamplingParameters parameters() {
    return parameters;
  }

  /** In [0, 1): which of the tokens that may be drawn, in order of their ids; 0 when greedy. */
  public double uniform() {
    return uniform;
  }

  /** Tokens that penalties are about, each once. */
  public int seenCount() {
    return seen.size();
  }

  public int seenId(int index) {
    return seen.id(index);
  }

  /** How often it is in the output; 0 for a token of the prompt only. */
  public int occurrences(int index) {
    return seen.count(index);
  }

  /** Tokens with a logit bias, each once. */
  public int biasCount() {
    return biasIds.length;
  }

  public int biasId(int index) {
    return biasIds[index];
  }

  public float bias(int index) {
    return biases[index];
  }
}
