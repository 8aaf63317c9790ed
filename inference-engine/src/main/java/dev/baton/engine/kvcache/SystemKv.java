package dev.baton.engine.kvcache;

import dev.baton.engine.backend.Step;

/**
 * Keys and values of one system prompt in device memory, being filled or resident.
 *
 * <p>It holds all its blocks from the start of the fill, so that a fill that has begun never waits
 * for memory.
 */
public final class SystemKv {
  private final SystemTokens tokens;
  private final long number;
  private final BlockTable table;
  private int filledTokens;
  private int users;
  private boolean retired;
  private boolean released;

  SystemKv(SystemTokens tokens, long number, BlockPool pool) {
    this.tokens = tokens;
    this.number = number;
    this.table = new BlockTable(pool, new BlockOwner.System(tokens.key(), number));
  }

  void allocate() {
    table.growTo(tokens.count());
  }

  public SystemTokens tokens() {
    return tokens;
  }

  /** Unique in its engine and growing: the order of groups in a step. */
  public long number() {
    return number;
  }

  public BlockTable table() {
    return table;
  }

  /** Positions {@code [0, filledTokens)} are computed. */
  public int filledTokens() {
    return filledTokens;
  }

  public boolean resident() {
    return filledTokens == tokens.count();
  }

  /** Sequences that read it or wait for its fill. */
  public int users() {
    return users;
  }

  /** True once its blocks went back to the pool. */
  public boolean released() {
    return released;
  }

  /** Its first {@code tokenCount} tokens as a step reads them. */
  public Step.SystemPart part(int tokenCount) {
    return new Step.SystemPart(table.blocks(), tokenCount);
  }

  /** Length of the longest common part of the system KV and a sequence. */
  public int commonTokens(int[] sequence, int sequenceLength) {
    int[] ids = tokens.ids();
    int limit = Math.min(ids.length, sequenceLength);
    int i = 0;
    while (i < limit && ids[i] == sequence[i]) {
      i++;
    }
    return i;
  }

  boolean retired() {
    return retired;
  }

  void retire() {
    retired = true;
  }

  void use() {
    users++;
  }

  void unuse() {
    if (users == 0) {
      throw new IllegalStateException("a system KV is released more often than used");
    }
    users--;
  }

  void filled(int count) {
    if (count < 1 || filledTokens + count > tokens.count()) {
      throw new IllegalStateException(
          "%d tokens filled after %d of %d".formatted(count, filledTokens, tokens.count()));
    }
    filledTokens += count;
  }

  void release() {
    if (users != 0 || released) {
      throw new IllegalStateException("a system KV is freed while used, or twice");
    }
    released = true;
    table.release();
  }
}
