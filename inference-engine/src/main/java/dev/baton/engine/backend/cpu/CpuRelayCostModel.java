package dev.baton.engine.backend.cpu;

import dev.baton.engine.attention.RelayCostModel;

/**
 * Relay reads the system part once instead of once per sequence, and pays with partial results: one
 * more output per row and head, written, read and merged.
 *
 * <p>Both sides are counted in keys read: relay pays if {@code (n − 1) S > ROW_COST rows}. A single
 * sequence has nothing to share.
 */
final class CpuRelayCostModel implements RelayCostModel {
  /** What the partial results of one row cost, in keys and values of one token read. */
  static final int ROW_COST = 8;

  @Override
  public boolean relayPays(int sequences, int rows, int systemTokens) {
    return sequences > 1 && (sequences - 1L) * systemTokens > (long) ROW_COST * rows;
  }
}
