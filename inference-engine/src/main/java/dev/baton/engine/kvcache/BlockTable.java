package dev.baton.engine.kvcache;

import java.util.Arrays;

/**
 * The blocks of one owner, in order of position: tokens {@code [i · blockTokens, (i + 1) ·
 * blockTokens)} are in block {@code blocks()[i]}.
 */
public final class BlockTable {
  private static final int[] NONE = {};

  private final BlockPool pool;
  private final BlockOwner owner;
  private int[] blocks = NONE;

  public BlockTable(BlockPool pool, BlockOwner owner) {
    this.pool = pool;
    this.owner = owner;
  }

  /** Block ids, not to be changed; another array after the table has grown. */
  public int[] blocks() {
    return blocks;
  }

  public int blockCount() {
    return blocks.length;
  }

  /** Blocks still missing to hold so many tokens. */
  public int missingFor(int tokens) {
    return Math.max(0, pool.layout().blocksFor(tokens) - blocks.length);
  }

  /** Takes the missing blocks for so many tokens from the pool, which must have them free. */
  public void growTo(int tokens) {
    int missing = missingFor(tokens);
    if (missing > 0) {
      int[] taken = pool.allocate(owner, missing);
      int held = blocks.length;
      blocks = Arrays.copyOf(blocks, held + missing);
      System.arraycopy(taken, 0, blocks, held, missing);
    }
  }

  /** Gives all blocks back. */
  public void release() {
    pool.free(owner, blocks);
    blocks = NONE;
  }
}
