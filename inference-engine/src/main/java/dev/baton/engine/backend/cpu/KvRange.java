package dev.baton.engine.backend.cpu;

/**
 * Keys and values that some rows attend to: tokens [from, to) of a run of blocks.
 *
 * @param blocks block ids in order of position
 * @param from first token, at the beginning of a block
 * @param to end of the tokens
 * @param firstVisible tokens that the first row sees (each further row sees one more): causal
 *     attention inside a chunk; {@link #ALL} when every row sees all
 */
@SuppressWarnings("ArrayRecordComponent") // block ids are read-only during a step
record KvRange(int[] blocks, int from, int to, int firstVisible) {
  static final int ALL = Integer.MAX_VALUE;

  /** End of the tokens that the row {@code row} sees. */
  int visibleEnd(int row) {
    return firstVisible == ALL ? to : Math.min(to, firstVisible + row);
  }

  int length() {
    return to - from;
  }
}
