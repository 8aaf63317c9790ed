package dev.baton.engine.sampling;

import java.util.Arrays;

/**
 * Which tokens may be drawn. Top-k, top-p and min-p all keep a beginning of the order by falling
 * logit, lower ids first among equals, so one last kept token describes them together.
 *
 * <p>That token is found by radix selection over the bits of the logits: three passes, each of
 * which adds up the weights (1 for top-k, the probability for top-p) of the tokens by the next bits
 * and picks the bin in which the wanted weight is reached. That is O(V) whatever the distribution,
 * without sorting and without memory of the size of the vocabulary. Where a short list is certain
 * to hold all tokens that matter, which is the rule, the passes look at that list alone.
 */
final class Truncation {
  /** As many candidates are listed; of more, the whole vocabulary is looked through. */
  private static final int MAX_LISTED = 4096;

  private static final int BLOCK = 256;
  private static final int[] SHIFTS = {21, 10, 0};
  private static final int[] WIDTHS = {11, 11, 10};

  private final double[] bins = new double[1 << 11];
  private final double[] buffer;
  private final int[] listed = new int[MAX_LISTED];
  private int listedCount;
  private boolean isListed;
  private float least; // the smallest kept logit
  private int lastId; // the last kept token of those with that logit

  /**
   * @param buffer room for {@link Exponentials#CHUNK} values
   */
  Truncation(double[] buffer) {
    this.buffer = buffer;
    reset();
  }

  /** Keeps all tokens. */
  void reset() {
    least = Float.NEGATIVE_INFINITY;
    lastId = Integer.MAX_VALUE;
    isListed = false;
  }

  boolean keepsAll() {
    return least == Float.NEGATIVE_INFINITY && lastId == Integer.MAX_VALUE;
  }

  boolean keeps(float logit, int id) {
    return logit > least || (logit == least && id <= lastId);
  }

  /** Kept tokens are among this many candidates. */
  int candidateCount(float[] logits) {
    return isListed ? listedCount : logits.length;
  }

  /** The id of a candidate; ids rise with the index. */
  int candidate(int index) {
    return isListed ? listed[index] : index;
  }

  /** Keeps the k greatest logits. */
  void topK(float[] logits, int k) {
    if (k < candidateCount(logits)) {
      listLikeliest(logits, k);
      cutAtWeight(logits, 0, false, k);
      list(logits);
    }
  }

  /** Keeps the fewest of the likeliest tokens whose share of what is kept now reaches p. */
  void topP(float[] logits, float max, double p) {
    if (p == 1) {
      return;
    }
    double wanted = p * keptWeight(logits, max);
    if (!isListed) {
      listLikeliest(logits, 1);
      isListed = isListed && keptWeight(logits, max) >= wanted;
    }
    cutAtWeight(logits, max, true, wanted);
    list(logits);
  }

  /** Keeps tokens at least {@code share} times as likely as the likeliest. */
  void minP(float[] logits, float max, double share) {
    float threshold = (float) (max + Math.log(share));
    if (threshold > least) {
      least = threshold;
      lastId = Integer.MAX_VALUE;
      list(logits);
    }
  }

  private double keptWeight(float[] logits, float max) {
    if (keepsAll() && !isListed) {
      return Exponentials.sum(logits, max, buffer);
    }
    double weight = 0;
    int count = candidateCount(logits);
    for (int i = 0; i < count; i++) {
      int id = candidate(i);
      if (keeps(logits[id], id)) {
        weight += weight(logits[id], max, true);
      }
    }
    return weight;
  }

  /**
   * Lists some hundred of the likeliest tokens, {@code atLeast} or more, if they can be told at
   * once: those above what the greatest logits of three quarters of all blocks reach. Every such
   * block holds one at least; where low logits lie together, as those of reserved tokens do, they
   * stay in the last quarter.
   */
  private void listLikeliest(float[] logits, int atLeast) {
    int blocks = logits.length / BLOCK;
    if (!keepsAll() || blocks == 0 || atLeast > blocks) {
      return;
    }
    float[] greatest = new float[blocks];
    for (int block = 0; block < blocks; block++) {
      greatest[block] = Exponentials.max(logits, block * BLOCK, BLOCK);
    }
    Arrays.sort(greatest);
    least = greatest[Math.min(blocks / 4, blocks - atLeast)];
    list(logits);
    least = Float.NEGATIVE_INFINITY;
  }

  private void list(float[] logits) {
    int count = candidateCount(logits);
    int kept = 0;
    for (int i = 0; i < count; i++) {
      int id = candidate(i);
      if (keeps(logits[id], id)) {
        if (kept == MAX_LISTED) {
          return;
        }
        listed[kept++] = id;
      }
    }
    listedCount = kept;
    isListed = true;
  }

  /** Keeps the fewest tokens that together have the wanted weight. */
  private void cutAtWeight(float[] logits, float max, boolean byProbability, double wanted) {
    double missing = wanted;
    int prefix = 0;
    for (int level = 0; level < SHIFTS.length; level++) {
      fillBins(logits, max, byProbability, level, prefix);
      int reached = 0;
      for (int bin = 0; bin < 1 << WIDTHS[level]; bin++) {
        if (bins[bin] > 0) {
          reached = bin;
          if (bins[bin] >= missing) {
            break;
          }
          missing -= bins[bin];
        }
      }
      prefix = (prefix << WIDTHS[level]) | reached;
    }
    // Tokens of one logit have one weight: keep as many of them as are missing.
    float logit = logitOf(prefix);
    double kept = 0;
    int last = 0;
    int count = candidateCount(logits);
    for (int i = 0; i < count && kept < missing; i++) {
      int id = candidate(i);
      if (logits[id] == logit && keeps(logit, id)) {
        kept += weight(logit, max, byProbability);
        last = id;
      }
    }
    least = logit;
    lastId = last;
  }

  private static double weight(float logit, double max, boolean byProbability) {
    return byProbability ? Exponentials.expOfNegative(logit - max) : 1;
  }

  /**
   * Adds up the weights of the kept tokens whose order key begins with the prefix, by the next bits
   * of their key.
   */
  private void fillBins(float[] logits, float max, boolean byProbability, int level, int prefix) {
    Arrays.fill(bins, 0);
    int shift = SHIFTS[level];
    int mask = (1 << WIDTHS[level]) - 1;
    int prefixShift = shift + WIDTHS[level]; // 32 at level 0, where no bits are settled
    float high = level == 0 ? Float.POSITIVE_INFINITY : logitOf(prefix << prefixShift);
    float low = level == 0 ? least : logitOf((prefix << prefixShift) | ((1 << prefixShift) - 1));
    boolean vectorized = byProbability && level == 0 && keepsAll() && !isListed;
    int count = candidateCount(logits);
    for (int start = 0; start < count; start += Exponentials.CHUNK) {
      int length = Math.min(Exponentials.CHUNK, count - start);
      if (vectorized) {
        Exponentials.fill(logits, start, length, max, 1, buffer);
      }
      for (int i = 0; i < length; i++) {
        int id = candidate(start + i);
        float logit = logits[id];
        if (logit >= low && logit <= high && keeps(logit, id)) {
          double weight = vectorized ? buffer[i] : weight(logit, max, byProbability);
          bins[(key(logit) >>> shift) & mask] += weight;
        }
      }
    }
  }

  /** A number that rises, unsigned, as the logit falls; equal for 0 and −0. */
  private static int key(float logit) {
    int bits = Float.floatToRawIntBits(logit + 0f);
    return bits ^ (~(bits >> 31) >>> 1); // flips all but the sign of positive numbers
  }

  /** The logit of a key; beyond the greatest and least numbers, the infinities. */
  private static float logitOf(int key) {
    float logit = Float.intBitsToFloat(key >= 0 ? ~key ^ Integer.MIN_VALUE : key);
    if (Float.isNaN(logit)) {
      return key >= 0 ? Float.POSITIVE_INFINITY : Float.NEGATIVE_INFINITY;
    }
    return logit;
  }
}
