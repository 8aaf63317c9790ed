package dev.baton.engine;

import java.util.Map;

/**
 * How the next token is drawn from the logits. Checked here, once; names and ranges are OpenAI's
 * and llama.cpp's.
 *
 * @param temperature 0 is greedy, at most 2
 * @param topK keep the k most likely tokens, 0 keeps all
 * @param topP keep the smallest set whose probability reaches p, in (0, 1]
 * @param minP drop tokens less likely than this share of the most likely one, in [0, 1]
 * @param repetitionPenalty divides (or multiplies, when negative) logits of tokens seen in prompt
 *     or output, 1 is off
 * @param frequencyPenalty subtracted per occurrence in the output, -2 to 2
 * @param presencePenalty subtracted once when in the output, -2 to 2
 * @param logitBias added to the logits of single tokens, -100 to 100
 * @param seed start of the request's own random sequence
 */
public record SamplingParameters(
    double temperature,
    int topK,
    double topP,
    double minP,
    double repetitionPenalty,
    double frequencyPenalty,
    double presencePenalty,
    Map<Integer, Float> logitBias,
    long seed) {

  /** The most likely token, always. */
  public static final SamplingParameters GREEDY =
      new SamplingParameters(0, 0, 1, 0, 1, 0, 0, Map.of(), 0);

  public SamplingParameters {
    logitBias = Map.copyOf(logitBias);
    requireRange("temperature", temperature, 0, 2);
    requireRange("top_k", topK, 0, Integer.MAX_VALUE);
    requireRange("top_p", topP, Double.MIN_VALUE, 1);
    requireRange("min_p", minP, 0, 1);
    requireRange("repetition_penalty", repetitionPenalty, Double.MIN_VALUE, 100);
    requireRange("frequency_penalty", frequencyPenalty, -2, 2);
    requireRange("presence_penalty", presencePenalty, -2, 2);
    for (Map.Entry<Integer, Float> bias : logitBias.entrySet()) {
      requireRange("logit_bias", bias.getValue(), -100, 100);
    }
  }

  private static void requireRange(String name, double value, double low, double high) {
    if (!(value >= low && value <= high)) {
      throw new IllegalArgumentException(
          low == Double.MIN_VALUE
              ? "%s must be greater than 0 and at most %s, not %s".formatted(name, high, value)
              : "%s must be between %s and %s, not %s".formatted(name, low, high, value));
    }
  }
}
