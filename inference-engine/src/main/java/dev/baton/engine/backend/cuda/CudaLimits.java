package dev.baton.engine.backend.cuda;

import org.jspecify.annotations.Nullable;

/**
 * How much a CUDA backend holds and computes at once.
 *
 * @param kvBytes device memory for keys and values; null takes what weights and buffers leave free
 * @param blockTokens tokens a KV block holds, a power of two
 * @param maxRows tokens of a step at most
 * @param maxLogitRows of them with logits at most
 * @param graphs replay recorded launches for steps of up to 64 tokens
 */
public record CudaLimits(
    @Nullable Long kvBytes, int blockTokens, int maxRows, int maxLogitRows, boolean graphs) {
  public CudaLimits {
    require(blockTokens >= 8 && Integer.bitCount(blockTokens) == 1, "blockTokens", blockTokens);
    require(maxRows >= 1, "maxRows", maxRows);
    require(maxLogitRows >= 1, "maxLogitRows", maxLogitRows);
  }

  private static void require(boolean holds, String name, int value) {
    if (!holds) {
      throw new IllegalArgumentException(
          "%s must be positive (blockTokens a power of two from 8 on), found %d"
              .formatted(name, value));
    }
  }
}
