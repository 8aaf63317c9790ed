package dev.baton.engine.backend.cuda;

import dev.baton.cuda.RelayKernels;
import dev.baton.engine.attention.RelayCostModel;

/**
 * Relay reads a system's keys and values once per tile of rows, not once per sequence, and pays
 * with one more partial result a row, which costs as much as reading 2 G keys ({@code
 * cuda/include/relay_plan.h}). G query heads share a KV head; a tile takes 64 / G tokens.
 */
final class CudaRelayCostModel implements RelayCostModel {
  private static final int ITEM_COST = 48; // keys, what a work item costs beside its own

  private final int headsPerKvHead;

  CudaRelayCostModel(int headsPerKvHead) {
    this.headsPerKvHead = headsPerKvHead;
  }

  @Override
  public boolean relayPays(int sequences, int rows, int systemTokens) {
    int tileTokens = RelayKernels.TILE_ROWS / headsPerKvHead;
    long tiles = (long) sequences * Math.ceilDiv(Math.ceilDiv(rows, sequences), tileTokens);
    long saved = (tiles - Math.ceilDiv(rows, tileTokens)) * systemTokens;
    return saved > 2L * headsPerKvHead * rows + ITEM_COST;
  }
}
