package dev.baton.engine.backend.cpu;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Attention of some rows to some ranges of keys, for one KV head: the one kernel behind system
 * parts, request parts and plain attention. One instance per worker, with its own scratch memory.
 *
 * <p>For each query q it computes {@code ℓ = ln Σ exp(q·k_j / √d)} and {@code o = Σ exp(q·k_j / √d
 * − ℓ) v_j} by the online softmax (arXiv:1805.02867; tiling as arXiv:2205.14135).
 */
sealed interface HeadAttention permits TileAttention, NativeAttention {
  /** Rows of an item; their queries and outputs stay in L2 cache. */
  int MAX_ROWS = 256;

  /** Tokens that fit an item. */
  static int maxTokens(int headsPerKvHead) {
    return Math.max(1, MAX_ROWS / headsPerKvHead);
  }

  /**
   * Computes outputs and log-sum-exps of {@code tokens} tokens, kept here until the next call.
   *
   * @param queryMemory rows of {@code queryStride} f32 elements, query heads first
   * @param firstRow row of the first token
   */
  void attend(
      MemorySegment queryMemory,
      int queryStride,
      int firstRow,
      int tokens,
      int layer,
      int kvHead,
      List<KvRange> ranges);

  /** The log-sum-exp of a row (token × headsPerKvHead + head) after {@link #attend}. */
  float logSumExp(int row);

  /** Copies the normalised output of a row, {@code headDim} values. */
  void copyOutput(int row, MemorySegment target, long byteOffset);
}
