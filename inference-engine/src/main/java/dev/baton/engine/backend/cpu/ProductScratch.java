package dev.baton.engine.backend.cpu;

import java.lang.foreign.Arena;

/**
 * The memory that products work in, by address: decoded weights of each worker, and the activations
 * of one product packed into chunks of {@link #CHUNK} columns.
 *
 * <pre>
 * weights      [worker][PANEL_ROWS][STRIDE] f32
 * activations  [chunk][row][STRIDE] f32, rows up to a multiple of 8 (the last ones zero)
 * tile         [worker][16] f32
 * </pre>
 */
final class ProductScratch {
  /** Columns decoded at once: eight rows of activations and three of weights fit the L1 cache. */
  static final int CHUNK = 512;

  /**
   * Bytes between rows; not a power of two, so that rows do not compete for the same cache sets.
   */
  static final int STRIDE = (CHUNK + 16) * Float.BYTES;

  /** Weight rows that a worker decodes at once; they fit the L2 cache. */
  static final int PANEL_ROWS = 48;

  private static final long ACTIVATION_BYTES = 8L << 20;
  private static final long TILE_BYTES = 64;

  private final long weights;
  private final long activations;
  private final long tiles;

  /** Memory for so many workers, freed when this is no longer reachable. */
  ProductScratch(int workers) {
    Arena arena = Arena.ofAuto();
    weights = arena.allocate((long) workers * PANEL_ROWS * STRIDE, 64).address();
    activations = arena.allocate(ACTIVATION_BYTES, 64).address();
    tiles = arena.allocate(workers * TILE_BYTES, 64).address();
    this.arena = arena;
  }

  @SuppressWarnings("unused") // keeps the memory
  private final Arena arena;

  /** Rows of {@code inputs} columns that are packed at once, a multiple of 8. */
  static int packedRows(int inputs) {
    long rows = ACTIVATION_BYTES / ((long) chunks(inputs) * STRIDE) / 8 * 8;
    if (rows == 0) {
      throw new IllegalArgumentException("a product over " + inputs + " columns is too wide");
    }
    return (int) Math.min(rows, 1 << 16);
  }

  static int chunks(int inputs) {
    return Math.ceilDiv(inputs, CHUNK);
  }

  long weights(int worker) {
    return weights + (long) worker * PANEL_ROWS * STRIDE;
  }

  long activations() {
    return activations;
  }

  long tile(int worker) {
    return tiles + worker * TILE_BYTES;
  }
}
