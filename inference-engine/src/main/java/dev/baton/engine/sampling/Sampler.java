package dev.baton.engine.sampling;

import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.SamplingParameters;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Draws the next token of one request. The same parameters, seed, prompt and logits draw the same
 * tokens. Not for use by several threads.
 *
 * <p>The order is that of llama.cpp's usual chain: logit bias, penalties, then, when the
 * temperature is 0, the greatest logit, the lowest id of equals; else top-k, top-p over what top-k
 * kept, min-p, temperature, draw. Truncating before the temperature is applied makes what is kept a
 * matter of the model's certainty alone: a high temperature spreads the draw over plausible tokens,
 * and does not let the implausible ones in.
 *
 * <p>Every step is O(V) without sorting; bias and penalties touch only the tokens concerned, in the
 * caller's array, and are taken back before the call returns. What is reported is always the
 * model's own logit and log-probability.
 */
public final class Sampler {
  private static final double LARGEST = Float.MAX_VALUE;

  /** Times any difference of two logits it stays finite, so that 0 stays 0. */
  private static final double MAX_INVERSE_TEMPERATURE = 1e200;

  private final SamplingParameters parameters;
  private final int vocabSize;
  private final SplittableRandom random;
  private final boolean penalizes;
  private final TokenCounts seen = new TokenCounts(); // prompt and output; counted in the output
  private final int[] biasIds;
  private final float[] biases;

  private final double[] buffer = new double[Exponentials.CHUNK];
  private final Truncation truncation = new Truncation(buffer);
  private final double[] chunkSums;
  private float[] originals = new float[16];
  private final Draw draw; // of each token in turn
  private double uniform = Double.NaN; // taken from the random sequence and not used yet

  /**
   * @param promptTokens tokens before the output, which the repetition penalty also covers
   * @throws EngineException when a token id is none of the model's
   */
  public Sampler(SamplingParameters parameters, int vocabSize, int[] promptTokens) {
    this.parameters = parameters;
    this.vocabSize = vocabSize;
    random = new SplittableRandom(parameters.seed());
    chunkSums = new double[Math.ceilDiv(vocabSize, Exponentials.CHUNK)];
    penalizes =
        parameters.repetitionPenalty() != 1
            || parameters.frequencyPenalty() != 0
            || parameters.presencePenalty() != 0;
    if (penalizes) {
      for (int id : promptTokens) {
        requireToken("the prompt", id);
        seen.add(id, 0);
      }
    }
    Map<Integer, Float> bias = parameters.logitBias();
    biasIds = bias.keySet().stream().mapToInt(Integer::intValue).sorted().toArray();
    biases = new float[biasIds.length];
    for (int i = 0; i < biasIds.length; i++) {
      requireToken("logit_bias", biasIds[i]);
      biases[i] = bias.getOrDefault(biasIds[i], 0f);
    }
    draw = new Draw(parameters, seen, biasIds, biases);
  }

  private void requireToken(String where, int id) {
    if (id < 0 || id >= vocabSize) {
      throw new EngineException(
          ErrorCode.INVALID_REQUEST,
          "%s names token %d; the model's tokens are 0 to %d".formatted(where, id, vocabSize - 1));
    }
  }

  /**
   * Draws a token and counts it as output.
   *
   * @param logits {@code [vocabSize]}, unchanged when the call returns
   * @param topLogprobs how many of the likeliest tokens to report; impossible ones are left out
   * @throws EngineException when the logits are no distribution: NaN, +∞ or all −∞
   */
  public SampledToken sample(float[] logits, int topLogprobs) {
    float max = checkedMax(logits);
    double logSumExp = max + Math.log(Exponentials.sum(logits, max, buffer));
    List<TokenLogprob> top = top(logits, logSumExp, topLogprobs);
    saveOriginals(logits);
    int id;
    try {
      adjust(logits);
      id = choose(logits);
    } finally {
      restoreOriginals(logits);
    }
    return accepted(logits, logSumExp, id, top);
  }

  /**
   * What the next token depends on beside its logits. Whoever chooses by it tells {@link #take};
   * until then {@link #sample} chooses by the same random number.
   */
  public Draw draw() {
    return draw.with(parameters.temperature() == 0 ? 0 : uniform());
  }

  /** Counts a chosen token as output. */
  public SampledToken take(SampledToken chosen) {
    if (penalizes) {
      seen.add(chosen.id(), 1);
    }
    uniform = Double.NaN;
    return chosen;
  }

  /** The random number of the next token. */
  private double uniform() {
    if (Double.isNaN(uniform)) {
      uniform = random.nextDouble();
    }
    return uniform;
  }

  /**
   * Takes a given token as the output's next, and reports how likely the model finds it.
   *
   * @param logits {@code [vocabSize]}
   */
  public SampledToken force(float[] logits, int id, int topLogprobs) {
    requireToken("the continuation", id);
    float max = checkedMax(logits);
    double logSumExp = max + Math.log(Exponentials.sum(logits, max, buffer));
    return accepted(logits, logSumExp, id, top(logits, logSumExp, topLogprobs));
  }

  private float checkedMax(float[] logits) {
    if (logits.length != vocabSize) {
      throw new IllegalArgumentException(
          "%d logits for %d tokens".formatted(logits.length, vocabSize));
    }
    float max = Exponentials.max(logits);
    if (!Float.isFinite(max)) {
      throw new EngineException(
          ErrorCode.INTERNAL,
          "the greatest logit is %s, so no token can be chosen; check the model file's weights"
              .formatted(max));
    }
    return max;
  }

  private SampledToken accepted(float[] logits, double logSumExp, int id, List<TokenLogprob> top) {
    return take(new SampledToken(id, logits[id], (float) (logits[id] - logSumExp), top));
  }

  /** The likeliest tokens by insertion into a short sorted list. */
  private static List<TokenLogprob> top(float[] logits, double logSumExp, int wanted) {
    if (wanted == 0) {
      return List.of();
    }
    int[] ids = new int[wanted];
    int size = 0;
    float least = Float.NEGATIVE_INFINITY; // what a token must exceed to be listed
    for (int id = 0; id < logits.length; id++) {
      if (logits[id] > least) {
        int place = size < wanted ? size++ : wanted - 1;
        for (; place > 0 && logits[ids[place - 1]] < logits[id]; place--) {
          ids[place] = ids[place - 1];
        }
        ids[place] = id;
        least = size < wanted ? least : logits[ids[wanted - 1]];
      }
    }
    List<TokenLogprob> top = new ArrayList<>(size);
    for (int i = 0; i < size; i++) {
      float logit = logits[ids[i]];
      top.add(new TokenLogprob(ids[i], logit, (float) (logit - logSumExp)));
    }
    return top;
  }

  private void saveOriginals(float[] logits) {
    int count = biasIds.length + seen.size();
    if (originals.length < count) {
      originals = new float[Math.max(count, 2 * originals.length)];
    }
    int slot = 0;
    for (int id : biasIds) {
      originals[slot++] = logits[id];
    }
    for (int i = 0; i < seen.size(); i++) {
      originals[slot++] = logits[seen.id(i)];
    }
  }

  private void restoreOriginals(float[] logits) {
    int slot = 0;
    for (int id : biasIds) {
      logits[id] = originals[slot++];
    }
    for (int i = 0; i < seen.size(); i++) {
      logits[seen.id(i)] = originals[slot++];
    }
  }

  /** Bias, then repetition penalty (arXiv:1909.05858), then OpenAI's frequency and presence. */
  private void adjust(float[] logits) {
    for (int i = 0; i < biasIds.length; i++) {
      logits[biasIds[i]] += biases[i];
    }
    double repetition = parameters.repetitionPenalty();
    for (int i = 0; i < seen.size(); i++) {
      double logit = logits[seen.id(i)];
      int count = seen.count(i);
      logit = logit > 0 ? logit / repetition : logit * repetition;
      logit -= count * parameters.frequencyPenalty();
      logit -= count > 0 ? parameters.presencePenalty() : 0;
      // −∞ stays: the model rules that token out. Nothing else may become infinite.
      logits[seen.id(i)] =
          (float) (Double.isInfinite(logit) ? logit : Math.clamp(logit, -LARGEST, LARGEST));
    }
  }

  private int choose(float[] logits) {
    float max = Exponentials.max(logits);
    if (parameters.temperature() == 0) {
      int id = 0;
      while (logits[id] != max) {
        id++;
      }
      return id;
    }
    truncation.reset();
    if (parameters.topK() > 0) {
      truncation.topK(logits, parameters.topK());
    }
    truncation.topP(logits, max, parameters.topP());
    truncation.minP(logits, max, parameters.minP());
    return draw(logits, max);
  }

  /** Draws from the kept tokens by their share of {@code exp(logit / temperature)}. */
  private int draw(float[] logits, float max) {
    double scale = Math.min(1 / parameters.temperature(), MAX_INVERSE_TEMPERATURE);
    int chunks = Math.ceilDiv(truncation.candidateCount(logits), Exponentials.CHUNK);
    double sum = 0;
    for (int chunk = 0; chunk < chunks; chunk++) {
      chunkSums[chunk] = Exponentials.sum(buffer, fillWeights(logits, max, scale, chunk));
      sum += chunkSums[chunk];
    }
    double left = uniform() * sum;
    int chunk = 0;
    int lastPossible = 0;
    for (int i = 0; i < chunks; i++) {
      if (chunkSums[i] > 0) {
        lastPossible = i;
      }
    }
    for (; chunk < lastPossible && left >= chunkSums[chunk]; chunk++) {
      left -= chunkSums[chunk];
    }
    int length = fillWeights(logits, max, scale, chunk);
    int drawn = -1;
    for (int i = 0; i < length && left >= 0; i++) {
      if (buffer[i] > 0) {
        drawn = i;
        left -= buffer[i];
      }
    }
    return truncation.candidate(chunk * Exponentials.CHUNK + drawn);
  }

  /** Weights of a chunk of candidates, 0 for those not kept; returns how many there are. */
  private int fillWeights(float[] logits, float max, double scale, int chunk) {
    int start = chunk * Exponentials.CHUNK;
    int length = Math.min(Exponentials.CHUNK, truncation.candidateCount(logits) - start);
    if (truncation.keepsAll()) {
      Exponentials.fill(logits, start, length, max, scale, buffer);
      return length;
    }
    for (int i = 0; i < length; i++) {
      int id = truncation.candidate(start + i);
      float logit = logits[id];
      boolean kept = truncation.keeps(logit, id);
      buffer[i] = kept ? Exponentials.expOfNegative((logit - (double) max) * scale) : 0;
    }
    return length;
  }
}
