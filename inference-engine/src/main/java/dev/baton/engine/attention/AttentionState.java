package dev.baton.engine.attention;

import java.util.Arrays;

/**
 * The result of attending to a set of keys: enough to join it with the result for a disjoint set.
 *
 * <p>For one query with scores {@code s_j} and values {@code v_j} over a set of keys J,
 *
 * <pre>
 * ℓ = ln Σ_J exp(s_j)        o = Σ_J exp(s_j − ℓ) v_j
 * merge(a, b):  ℓ = ln(exp ℓ_a + exp ℓ_b)     o = exp(ℓ_a − ℓ) o_a + exp(ℓ_b − ℓ) o_b
 * </pre>
 *
 * <p>The merge is commutative and associative (up to rounding), with {@link #empty} as identity, so
 * that parts may be computed anywhere and joined in any order: splits of a long context, the system
 * part and the request part (arXiv:2402.14808, "relay fusion"). Kernels do the same on flat arrays
 * by {@link #weight} and {@link #logSumExp}.
 *
 * @param output {@code [headDim]} f32
 * @param logSumExp natural log; −∞ for no keys
 */
@SuppressWarnings("ArrayRecordComponent") // a value for a moment, never a key
public record AttentionState(float[] output, float logSumExp) {

  /** The state of no keys. */
  public static AttentionState empty(int headDim) {
    return new AttentionState(new float[headDim], Float.NEGATIVE_INFINITY);
  }

  /** The state of the union of both sets of keys, which must be disjoint. */
  public AttentionState merge(AttentionState other) {
    if (output.length != other.output.length) {
      throw new IllegalArgumentException(
          "states of heads of %d and %d elements".formatted(output.length, other.output.length));
    }
    float own = weight(logSumExp, other.logSumExp);
    float others = weight(other.logSumExp, logSumExp);
    float[] merged = new float[output.length];
    for (int i = 0; i < merged.length; i++) {
      merged[i] = own * output[i] + others * other.output[i];
    }
    return new AttentionState(merged, logSumExp(logSumExp, other.logSumExp));
  }

  /**
   * Share {@code σ(own − other)} of a part in the merge of two; 0 for a part without keys. The
   * shares of both parts add to one unless both are empty.
   */
  public static float weight(float own, float other) {
    if (own == Float.NEGATIVE_INFINITY) {
      return 0;
    }
    return (float) (1 / (1 + Math.exp((double) other - own)));
  }

  /** {@code ln(exp a + exp b)} without overflow. */
  public static float logSumExp(float a, float b) {
    float larger = Math.max(a, b);
    if (larger == Float.NEGATIVE_INFINITY) {
      return larger;
    }
    return (float) (larger + Math.log1p(Math.exp((double) Math.min(a, b) - larger)));
  }

  @Override
  public String toString() {
    return "AttentionState[%s, %s]".formatted(Arrays.toString(output), logSumExp);
  }
}
