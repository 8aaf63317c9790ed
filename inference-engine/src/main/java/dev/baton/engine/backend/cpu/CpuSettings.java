package dev.baton.engine.backend.cpu;

/**
 * What the CPU backend allocates at start.
 *
 * @param threads threads that compute, at most the cores
 * @param blockCount KV blocks in the pool
 * @param blockTokens tokens of a block, 16 or 32; machines with 512-bit vectors need 32
 * @param maxRows tokens of a step
 * @param maxLogitRows rows of a step whose logits may be asked for
 * @param kernels what computes
 */
public record CpuSettings(
    int threads,
    int blockCount,
    int blockTokens,
    int maxRows,
    int maxLogitRows,
    KernelChoice kernels) {

  /** With the kernels that suit this machine. */
  public CpuSettings(int threads, int blockCount, int blockTokens, int maxRows, int maxLogitRows) {
    this(threads, blockCount, blockTokens, maxRows, maxLogitRows, KernelChoice.here());
  }

  /** Fits every machine's vectors. */
  public static final int DEFAULT_BLOCK_TOKENS = 32;

  public CpuSettings {
    require(threads >= 1, "threads must be at least 1, found " + threads);
    require(blockCount >= 1, "blockCount must be at least 1, found " + blockCount);
    require(
        blockTokens == 16 || blockTokens == 32,
        "blockTokens must be 16 or 32, found " + blockTokens);
    require(
        blockTokens % Lanes.PANEL == 0,
        "blockTokens must be a multiple of %d on this machine, found %d; use 32"
            .formatted(Lanes.PANEL, blockTokens));
    require(maxRows >= 1, "maxRows must be at least 1, found " + maxRows);
    require(
        maxLogitRows >= 1 && maxLogitRows <= maxRows,
        "maxLogitRows must be in [1, maxRows], found " + maxLogitRows);
  }

  private static void require(boolean holds, String message) {
    if (!holds) {
      throw new IllegalArgumentException(message);
    }
  }
}
