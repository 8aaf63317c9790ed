package dev.baton.engine.backend.cpu;

import java.util.List;

/**
 * Some consecutive rows of a step and ranges of keys that they attend to, by one kernel call per KV
 * head.
 *
 * @param firstRow row of the step
 * @param rowCount tokens
 * @param ranges keys, in order
 * @param partialRow where the rows' partial results begin, or {@link #WHOLE} when the ranges are
 *     all that the rows attend to
 */
record AttentionPart(int firstRow, int rowCount, List<KvRange> ranges, int partialRow) {
  static final int WHOLE = -1;

  /** Products of queries and keys per query head, for balancing. */
  long cost() {
    long keys = 0;
    for (KvRange range : ranges) {
      keys += range.visibleEnd(rowCount - 1) - range.from();
    }
    return keys * rowCount;
  }
}
