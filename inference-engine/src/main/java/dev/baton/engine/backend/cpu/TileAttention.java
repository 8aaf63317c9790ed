package dev.baton.engine.backend.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Attention with the Vector API.
 *
 * <p>Implementation note. Tiles of keys are the outer loop, rows (tokens × query heads of the KV
 * head) the inner one: a tile comes from memory once and from cache for all further rows, so that
 * the traffic does not grow with the number of rows. Rows go by four through {@link RegisterTiles}.
 */
final class TileAttention implements HeadAttention {
  /** Keys of a tile; with its values it takes 64 KiB at headDim 64 and stays in L2 cache. */
  private static final int TILE = RegisterTiles.KEYS;

  private static final int ROWS = RegisterTiles.ROWS;

  private final KvMemory kv;
  private final int headDim;
  private final int paddedDim;
  private final int headsPerKvHead;
  private final float scale;
  private final float[] queries; // per rows that go together: [headDim][rows], times 1/√headDim
  private final float[] queryRow; // [headDim]
  private final float[] outputs; // [row][paddedDim], unnormalised
  private final float[] maxima; // [row]
  private final float[] sums; // [row]
  private final float[] scores = new float[ROWS * TILE]; // of the current rows and tile
  private final float[] rescale = new float[ROWS];
  private final long[] keysAt;
  private final long[] valuesAt;

  TileAttention(KvMemory kv, int headDim, int headsPerKvHead) {
    this.kv = kv;
    this.headDim = headDim;
    this.headsPerKvHead = headsPerKvHead;
    paddedDim = kv.paddedDim();
    scale = (float) (1 / Math.sqrt(headDim));
    int rows = HeadAttention.maxTokens(headsPerKvHead) * headsPerKvHead;
    queries = new float[rows * headDim];
    queryRow = new float[headDim];
    outputs = new float[rows * paddedDim];
    maxima = new float[rows];
    sums = new float[rows];
    keysAt = new long[TILE / kv.blockTokens()];
    valuesAt = new long[TILE / kv.blockTokens()];
  }

  @Override
  public void attend(
      MemorySegment queryMemory,
      int queryStride,
      int firstRow,
      int tokens,
      int layer,
      int kvHead,
      List<KvRange> ranges) {
    int rows = tokens * headsPerKvHead;
    loadQueries(queryMemory, queryStride, firstRow, tokens, kvHead);
    Arrays.fill(outputs, 0, rows * paddedDim, 0f);
    Arrays.fill(maxima, 0, rows, -Float.MAX_VALUE);
    Arrays.fill(sums, 0, rows, 0f);
    for (KvRange range : ranges) {
      int end = range.visibleEnd(tokens - 1);
      for (int from = range.from(); from < end; from += TILE) {
        attendTile(layer, kvHead, range, from, Math.min(from + TILE, end), rows);
      }
    }
  }

  @Override
  public float logSumExp(int row) {
    return sums[row] == 0 ? Float.NEGATIVE_INFINITY : (float) (maxima[row] + Math.log(sums[row]));
  }

  @Override
  public void copyOutput(int row, MemorySegment target, long byteOffset) {
    float factor = sums[row] == 0 ? 0 : 1 / sums[row];
    int at = row * paddedDim;
    for (int i = 0; i < paddedDim; i += Lanes.COUNT) {
      FloatVector.fromArray(Lanes.SPECIES, outputs, at + i).mul(factor).intoArray(outputs, at + i);
    }
    MemorySegment.copy(outputs, at, target, ValueLayout.JAVA_FLOAT, byteOffset, headDim);
  }

  /** Rows that go together from a row on: 4, or what is left, by 2 and 1. */
  private static int rowsFrom(int row, int rows) {
    int left = rows - row;
    return left >= ROWS ? ROWS : left >= 2 ? 2 : 1;
  }

  private void loadQueries(
      MemorySegment queryMemory, int queryStride, int firstRow, int tokens, int kvHead) {
    int rows = tokens * headsPerKvHead;
    int together = 0;
    for (int first = 0; first < rows; first += together) {
      together = rowsFrom(first, rows);
      for (int i = 0; i < together; i++) {
        int token = firstRow + (first + i) / headsPerKvHead;
        int head = kvHead * headsPerKvHead + (first + i) % headsPerKvHead;
        MemorySegment.copy(
            queryMemory,
            ValueLayout.JAVA_FLOAT,
            ((long) token * queryStride + (long) head * headDim) * Float.BYTES,
            queryRow,
            0,
            headDim);
        for (int j = 0; j < headDim; j++) {
          queries[first * headDim + j * together + i] = queryRow[j] * scale;
        }
      }
    }
  }

  private void attendTile(int layer, int kvHead, KvRange range, int from, int to, int rows) {
    int blockTokens = kv.blockTokens();
    for (int block = from / blockTokens; block * blockTokens < to; block++) {
      keysAt[block - from / blockTokens] = kv.keysAddress(layer, range.blocks()[block], kvHead);
      valuesAt[block - from / blockTokens] = kv.valuesAddress(layer, range.blocks()[block], kvHead);
    }
    int row = 0;
    while (row < rows) {
      int count = rowsFrom(row, rows);
      int visible = Math.min(to, range.visibleEnd((row + count - 1) / headsPerKvHead)) - from;
      if (visible > 0) {
        scoreRows(row, count, visible);
        int padded = Lanes.roundUp(visible, Lanes.COUNT);
        for (int i = 0; i < count; i++) {
          int own = Math.min(to, range.visibleEnd((row + i) / headsPerKvHead)) - from;
          rescale[i] = weigh(i * TILE, own, padded, row + i);
        }
        addValues(row, count, visible);
      }
      row += count;
    }
  }

  private void scoreRows(int row, int count, int visible) {
    int blockTokens = kv.blockTokens();
    long stride = (long) blockTokens * Float.BYTES;
    int at = row * headDim;
    for (int column = 0; column < visible; column += Lanes.PANEL) {
      long keys = keysAt[column / blockTokens] + (long) (column % blockTokens) * Float.BYTES;
      switch (count) {
        case 4 -> RegisterTiles.scores4(queries, at, keys, stride, headDim, scores, column);
        case 2 -> RegisterTiles.scores2(queries, at, keys, stride, headDim, scores, column);
        default -> RegisterTiles.scores1(queries, at, keys, stride, headDim, scores, column);
      }
    }
  }

  /**
   * Turns {@code scores[at .. at + visible)} into weights relative to the row's new maximum, and
   * the rest, up to {@code padded}, into zeros.
   *
   * @return what earlier weights of the row must be multiplied with
   */
  private float weigh(int at, int visible, int padded, int row) {
    if (visible <= 0) {
      Arrays.fill(scores, at, at + padded, 0f);
      return 1;
    }
    Arrays.fill(scores, at + visible, at + padded, Float.NEGATIVE_INFINITY);
    FloatVector largest = FloatVector.fromArray(Lanes.SPECIES, scores, at);
    for (int i = Lanes.COUNT; i < padded; i += Lanes.COUNT) {
      largest = largest.max(FloatVector.fromArray(Lanes.SPECIES, scores, at + i));
    }
    float before = maxima[row];
    float maximum = Math.max(before, largest.reduceLanes(VectorOperators.MAX));
    FloatVector sum = FloatVector.zero(Lanes.SPECIES);
    for (int i = 0; i < padded; i += Lanes.COUNT) {
      FloatVector weight =
          VectorExp.exp(FloatVector.fromArray(Lanes.SPECIES, scores, at + i).sub(maximum));
      weight.intoArray(scores, at + i);
      sum = sum.add(weight);
    }
    float factor = maximum == before ? 1 : (float) Math.exp((double) before - maximum);
    maxima[row] = maximum;
    sums[row] = sums[row] * factor + sum.reduceLanes(VectorOperators.ADD);
    return factor;
  }

  private void addValues(int row, int count, int visible) {
    int blockTokens = kv.blockTokens();
    long stride = (long) paddedDim * Float.BYTES;
    int to = row * paddedDim;
    for (int column = 0; column < paddedDim; column += Lanes.PANEL) {
      switch (count) {
        case 4 ->
            RegisterTiles.values4(
                scores,
                valuesAt,
                (long) column * Float.BYTES,
                blockTokens,
                stride,
                visible,
                rescale,
                outputs,
                to + column,
                paddedDim);
        case 2 ->
            RegisterTiles.values2(
                scores,
                valuesAt,
                (long) column * Float.BYTES,
                blockTokens,
                stride,
                visible,
                rescale,
                outputs,
                to + column,
                paddedDim);
        default ->
            RegisterTiles.values1(
                scores,
                valuesAt,
                (long) column * Float.BYTES,
                blockTokens,
                stride,
                visible,
                rescale,
                outputs,
                to + column);
      }
    }
  }
}
