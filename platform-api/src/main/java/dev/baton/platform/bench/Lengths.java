package dev.baton.platform.bench;

import java.util.random.RandomGenerator;

/**
 * Lengths in tokens, log-normal within bounds: how prompts and answers of chats are distributed.
 *
 * @param median {@code exp μ}
 * @param mean {@code exp(μ + σ²/2)}, so that {@code σ = √(2 ln(mean / median))}
 * @param least shorter draws become this long
 * @param most longer draws are drawn again
 */
record Lengths(double median, double mean, int least, int most) {
  private static final int DRAWS = 100;

  /** Prompts of ShareGPT as the RelayAttention authors filtered them. */
  static final Lengths SHAREGPT_PROMPTS = new Lengths(112, 251, 4, 1024);

  /** Answers of ShareGPT. */
  static final Lengths SHAREGPT_ANSWERS = new Lengths(146, 231, 4, 1024);

  Lengths {
    if (!(median >= 1 && mean >= median) || least < 1 || most < least) {
      throw new IllegalArgumentException(
          "lengths need 1 <= median <= mean and 1 <= least <= most, not median %s, mean %s, %d to %d"
              .formatted(median, mean, least, most));
    }
  }

  /** Every draw is this long. */
  static Lengths fixed(int tokens) {
    return new Lengths(tokens, tokens, tokens, tokens);
  }

  int draw(RandomGenerator random) {
    double deviation = Math.sqrt(2 * Math.log(mean / median));
    for (int i = 0; i < DRAWS; i++) {
      long length = Math.round(median * Math.exp(deviation * random.nextGaussian()));
      if (length <= most) {
        return (int) Math.max(least, length);
      }
    }
    return most;
  }
}
