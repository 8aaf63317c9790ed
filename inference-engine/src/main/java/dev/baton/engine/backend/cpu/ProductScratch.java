package dev.baton.engine.backend.cpu;

/**
 * The memory that products work in: decoded weights of each worker, and the activations of one
 * product packed into chunks of {@link #CHUNK} columns. One array, in order:
 *
 * <pre>
 * weights      [worker][PANEL_ROWS][STRIDE]
 * tiles        [worker][TILE]
 * activations  [chunk][row][STRIDE], rows up to a multiple of the tile's (the last ones zero);
 *              or [columns] for a single row
 * </pre>
 *
 * <p>Implementation note. An array on the heap, because the compiler proves array bounds once a
 * loop where those of native memory are checked for each vector. It is one large array, because
 * those start at an address known up to the cache line: {@link #START} aligns all vectors.
 */
final class ProductScratch {
  /** Columns decoded at once: eight rows of activations and five of weights fit the L1 cache. */
  static final int CHUNK = 512;

  /**
   * Elements between rows; no power of two, so that rows do not compete for the same cache sets.
   */
  static final int STRIDE = CHUNK + 16;

  /** Weight rows that a worker decodes at once; they fit the L2 cache. */
  static final int PANEL_ROWS = 50;

  private static final int START = 12; // with the array's header of 16 bytes, a cache line
  private static final int TILE = 16;
  private static final int ACTIVATIONS = 2 << 20;

  private final float[] memory;
  private final int workers;

  ProductScratch(int workers) {
    this.workers = workers;
    memory = new float[Math.addExact(activations(), ACTIVATIONS)];
  }

  /** Rows of {@code inputs} columns that are packed at once, a multiple of 8. */
  static int packedRows(int inputs) {
    int rows = ACTIVATIONS / STRIDE / chunks(inputs) / 8 * 8;
    if (rows == 0) {
      throw new IllegalArgumentException("a product over " + inputs + " columns is too wide");
    }
    return rows;
  }

  static int chunks(int inputs) {
    return Math.ceilDiv(inputs, CHUNK);
  }

  float[] memory() {
    return memory;
  }

  int weights(int worker) {
    return START + worker * PANEL_ROWS * STRIDE;
  }

  int tile(int worker) {
    return weights(workers) + worker * TILE;
  }

  int activations() {
    return tile(workers);
  }
}
