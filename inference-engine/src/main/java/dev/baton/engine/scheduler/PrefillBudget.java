package dev.baton.engine.scheduler;

/**
 * How many prompt tokens may join the decodes of a step: as many as the step's tokens allow, and,
 * where decodes wait for them, as many as the predicted time holds within the latency target.
 *
 * <p>At least {@value #LEAST_TOKENS} tokens always join, so that prompts advance beside decodes
 * that alone take longer than the target.
 */
final class PrefillBudget {
  static final int LEAST_TOKENS = 16;

  private final StepTimeModel times;
  private final boolean bounded;
  private int tokens;
  private double nanos;
  private int least = LEAST_TOKENS;

  private PrefillBudget(StepTimeModel times, boolean bounded, int tokens, double nanos) {
    this.times = times;
    this.bounded = bounded;
    this.tokens = tokens;
    this.nanos = nanos;
  }

  /** Nobody waits for the step: only its size counts. */
  static PrefillBudget ofTokens(StepTimeModel times, int tokens) {
    return new PrefillBudget(times, false, tokens, 0);
  }

  /**
   * @param decodes of the step
   * @param targetNanos that the whole step may take
   */
  static PrefillBudget beside(StepLoad decodes, StepTimeModel times, int tokens, long targetNanos) {
    double left = times.calibrated() ? targetNanos - times.nanos(decodes) : 0;
    return new PrefillBudget(times, true, tokens, left);
  }

  boolean exhausted() {
    return tokens == 0 || bounded && nanos <= 0 && least == 0;
  }

  /**
   * Takes tokens of one prompt or fill.
   *
   * @param wanted tokens that are left of it
   * @param held its keys and values that the new tokens attend to
   * @return tokens to compute in this step, possibly 0
   */
  int take(int wanted, long held) {
    int count = Math.min(wanted, tokens);
    if (bounded) {
      double perToken = times.perToken() + times.perKvToken();
      double room = nanos - times.perKvToken() * held;
      double within = !times.calibrated() ? 0 : perToken > 0 ? room / perToken : count;
      count = Math.min(count, Math.max(least, (int) Math.clamp(within, 0.0, count)));
      nanos -= times.perKvToken() * held + perToken * count;
      least = Math.max(0, least - count);
    }
    tokens -= count;
    return count;
  }
}
