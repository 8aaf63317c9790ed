package dev.baton.engine.sampling;

import java.util.Arrays;

/**
 * Which tokens may be drawn. Top-k, top-p and min-p all keep a beginning of the order by falling
 * logit, lower ids first among equals, so one last kept token describes them together.
 *
 * <p>The last token is found by radix selection over the bits of the logits: three passes, each of
 * which adds up the weights (1 for top-k, the probability for top-p) of the tokens by the next bits
 * and picks the bin in which the wanted weight is reached. That is O(V) whatever the distribution,
 * without sorting and without memory of the size of the vocabulary.
 */
final class Truncation {
  private static final int[] SHIFTS = {21, 10, 0};
  private static final int[] WIDTHS = {11, 11, 10};

  private final double[] bins = new double[1 << 11];
  private final float[] buffer;
  private int lastKey;
  private int lastId;

  /**
   * @param buffer room for {@link Exponentials#CHUNK} values
   */
  Truncation(float[] buffer) {
    this.buffer = buffer;
    keepAll();
  }

  void keepAll() {
    lastKey = Integer.MAX_VALUE;
    lastId = Integer.MAX_VALUE;
  }

  boolean keeps(float logit, int id) {
    return keepsKey(key(logit), id);
  }

  private boolean keepsKey(int key, int id) {
    return key < lastKey || (key == lastKey && id <= lastId);
  }

  /** Keeps the k greatest logits. */
  void topK(float[] logits, int k) {
    if (k < logits.length) {
      cutAtWeight(logits, 0, false, k);
    }
  }

  /** Keeps the fewest of the likeliest tokens whose share of what is kept now reaches p. */
  void topP(float[] logits, float max, double p) {
    if (p < 1) {
      cutAtWeight(logits, max, true, p);
    }
  }

  /** Keeps tokens at least {@code share} times as likely as the likeliest. */
  void minP(float max, double share) {
    if (share > 0) {
      int key = key((float) (max + Math.log(share)));
      if (key < lastKey) {
        lastKey = key;
        lastId = Integer.MAX_VALUE;
      }
    }
  }

  /** Rises as the logit falls; equal for 0 and −0. */
  private static int key(float logit) {
    int bits = Float.floatToRawIntBits(logit + 0f);
    return ~(bits >= 0 ? bits : bits ^ 0x7FFFFFFF);
  }

  /**
   * @param wanted of the weight kept now, the share that shall be kept when weighted by
   *     probability, else the number of tokens
   */
  private void cutAtWeight(float[] logits, float max, boolean byProbability, double wanted) {
    double missing = wanted;
    int prefix = 0;
    for (int level = 0; level < SHIFTS.length; level++) {
      double total = fillBins(logits, max, byProbability, level, prefix);
      if (level == 0 && byProbability) {
        missing *= total;
      }
      int bin = 0;
      int reached = 0;
      for (; bin < 1 << WIDTHS[level]; bin++) {
        if (bins[bin] > 0) {
          reached = bin;
          if (bins[bin] >= missing) {
            break;
          }
          missing -= bins[bin];
        }
      }
      prefix = prefix << WIDTHS[level] | reached;
    }
    int key = prefix ^ Integer.MIN_VALUE;
    // All tokens of this key have the same logit, so the same weight: keep as many as are missing.
    double kept = 0;
    int last = 0;
    for (int id = 0; id < logits.length && kept < missing; id++) {
      if (key(logits[id]) == key && keeps(logits[id], id)) {
        kept += byProbability ? Exponentials.expOfNegative(logits[id] - max) : 1;
        last = id;
      }
    }
    lastKey = key;
    lastId = last;
  }

  /** Adds up the weights of kept tokens whose key begins with the prefix; returns their sum. */
  private double fillBins(float[] logits, float max, boolean byProbability, int level, int prefix) {
    Arrays.fill(bins, 0);
    int shift = SHIFTS[level];
    int mask = (1 << WIDTHS[level]) - 1;
    double total = 0;
    for (int start = 0; start < logits.length; start += Exponentials.CHUNK) {
      int length = Math.min(Exponentials.CHUNK, logits.length - start);
      if (byProbability) {
        Exponentials.fill(logits, start, length, max, 1, buffer);
      }
      for (int i = 0; i < length; i++) {
        int key = key(logits[start + i]);
        int unsigned = key ^ Integer.MIN_VALUE;
        boolean inPrefix = level == 0 || unsigned >>> (shift + WIDTHS[level]) == prefix;
        if (inPrefix && keepsKey(key, start + i)) {
          double weight = byProbability ? buffer[i] : 1;
          bins[(unsigned >>> shift) & mask] += weight;
          total += weight;
        }
      }
    }
    return total;
  }
}
