package dev.baton.engine.backend;

/**
 * Shape of the KV memory.
 *
 * @param blockCount blocks in the pool, ids in [0, blockCount)
 * @param blockTokens tokens a block holds
 * @param bytesPerToken bytes of keys and values of one token over all layers
 */
public record KvLayout(int blockCount, int blockTokens, long bytesPerToken) {
  public KvLayout {
    if (blockCount < 1 || blockTokens < 1 || bytesPerToken < 1) {
      throw new IllegalArgumentException(
          "KV layout needs positive sizes: %d blocks of %d tokens, %d bytes a token"
              .formatted(blockCount, blockTokens, bytesPerToken));
    }
  }

  public long blockBytes() {
    return blockTokens * bytesPerToken;
  }

  /** Blocks that hold so many tokens. */
  public int blocksFor(int tokens) {
    return Math.ceilDiv(tokens, blockTokens);
  }
}
