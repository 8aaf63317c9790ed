package dev.baton.engine.backend.cpu;

import dev.baton.engine.attention.RelayCostModel;

/**
 * Relay computes the system part of all sequences as one product, its keys and values read once,
 * and pays with partial results: one more output per row and head, written, read and merged.
 *
 * <p>Both sides are counted in keys: relay pays if {@code (n − 1) S > ROW_COST rows}. So one
 * sequence never relays, a group of single tokens does from about 130 (many) to 256 (two) shared
 * tokens on, and long prefill chunks do not: their own rows already share what they read.
 */
final class CpuRelayCostModel implements RelayCostModel {
  /** What the partial results of one row cost, in shared tokens: the measured break-even. */
  static final int ROW_COST = 128;

  @Override
  public boolean relayPays(int sequences, int rows, int systemTokens) {
    return sequences > 1 && (sequences - 1L) * systemTokens > (long) ROW_COST * rows;
  }
}
