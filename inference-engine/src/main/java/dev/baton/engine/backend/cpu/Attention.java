package dev.baton.engine.backend.cpu;

import dev.baton.engine.backend.Step;
import dev.baton.engine.model.ModelConfig;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;

/**
 * The attention of a step, layer by layer, over all workers: the parts of the plan, then the merge
 * of partial results by log-sum-exp (arXiv:2402.14808; the algebra is {@link
 * dev.baton.engine.attention.AttentionState}).
 */
final class Attention {
  private final ComputePool pool;
  private final AttentionPlan plan;
  private final HeadAttention[] workers;
  private final float[][] mergeScratch; // [worker][paddedDim + MAX_PARTIALS]
  private final int headDim;
  private final int paddedDim;
  private final int headCount;
  private final int kvHeadCount;
  private final int headsPerKvHead;
  private final MemorySegment partialOutputs; // [partialRow][head][paddedDim] f32
  private final float[] partialLogSumExps; // [partialRow][head]
  private int rowCount;

  private final ComputePool.RangeTask attending = this::attendItems;
  private final ComputePool.RangeTask merging = this::mergeRows;
  private int layer; // that is computed
  private MemorySegment queries = MemorySegment.NULL;
  private int queryStride;
  private MemorySegment output = MemorySegment.NULL;

  Attention(
      KernelSet set, Arena arena, ComputePool pool, ModelConfig config, KvMemory kv, int maxRows) {
    this.pool = pool;
    headDim = config.headDim();
    paddedDim = kv.paddedDim();
    headCount = config.headCount();
    kvHeadCount = config.kvHeadCount();
    headsPerKvHead = config.headsPerKvHead();
    int partialRows = 2 * maxRows + 2 * AttentionPlan.MAX_PARTIALS;
    plan =
        new AttentionPlan(
            pool.threads(), kvHeadCount, headsPerKvHead, maxRows, partialRows, kv.blockTokens());
    workers = new HeadAttention[pool.threads()];
    mergeScratch = new float[pool.threads()][paddedDim + AttentionPlan.MAX_PARTIALS];
    for (int i = 0; i < workers.length; i++) {
      workers[i] =
          NativeAttention.fits(set, kv)
              ? new NativeAttention(set, arena, kv, headDim, headsPerKvHead)
              : new TileAttention(kv, headDim, headsPerKvHead);
    }
    long rows = (long) partialRows * headCount;
    partialOutputs = arena.allocate(rows * paddedDim * Float.BYTES, 64);
    partialLogSumExps = new float[Math.toIntExact(rows)];
  }

  /** Divides the work of a step. */
  void prepare(Step step) {
    plan.prepare(step);
    rowCount = step.tokenCount();
  }

  /**
   * Computes one layer of the prepared step.
   *
   * @param queries {@code [rows, queryStride]} f32, query heads first in each row
   * @param output {@code [rows, headCount headDim]} f32
   */
  void compute(int layer, MemorySegment queries, int queryStride, MemorySegment output) {
    this.layer = layer;
    this.queries = queries;
    this.queryStride = queryStride;
    this.output = output;
    pool.parallelFor(plan.parts().size() * kvHeadCount, 1, attending);
    pool.parallelFor(rowCount, 8, merging);
  }

  private void attendItems(int worker, int from, int to) {
    for (int item = from; item < to; item++) {
      AttentionPart part = plan.parts().get(item / kvHeadCount);
      computePart(workers[worker], part, item % kvHeadCount);
    }
  }

  private void mergeRows(int worker, int from, int to) {
    for (int row = from; row < to; row++) {
      mergeRow(mergeScratch[worker], row);
    }
  }

  private void computePart(HeadAttention worker, AttentionPart part, int kvHead) {
    worker.attend(
        queries, queryStride, part.firstRow(), part.rowCount(), layer, kvHead, part.ranges());
    boolean whole = part.partialRow() == AttentionPart.WHOLE;
    for (int token = 0; token < part.rowCount(); token++) {
      for (int i = 0; i < headsPerKvHead; i++) {
        int row = token * headsPerKvHead + i;
        int head = kvHead * headsPerKvHead + i;
        if (whole) {
          long at = ((long) part.firstRow() + token) * headCount + head;
          worker.copyOutput(row, output, at * headDim * Float.BYTES);
        } else {
          long at = ((long) part.partialRow() + token) * headCount + head;
          worker.copyOutput(row, partialOutputs, at * paddedDim * Float.BYTES);
          partialLogSumExps[(int) at] = worker.logSumExp(row);
        }
      }
    }
  }

  /** Merges the partial results of all heads of a row. */
  private void mergeRow(float[] scratch, int row) {
    int partials = plan.partialCount(row);
    if (partials == 0) {
      return;
    }
    for (int head = 0; head < headCount; head++) {
      float largest = Float.NEGATIVE_INFINITY;
      for (int p = 0; p < partials; p++) {
        largest = Math.max(largest, partialLogSumExps[at(row, p, head)]);
      }
      double sum = 0;
      for (int p = 0; p < partials; p++) {
        double weight =
            largest == Float.NEGATIVE_INFINITY
                ? 0
                : Math.exp((double) partialLogSumExps[at(row, p, head)] - largest);
        scratch[paddedDim + p] = (float) weight;
        sum += weight;
      }
      float normaliser = sum == 0 ? 0 : (float) (1 / sum);
      for (int i = 0; i < paddedDim; i += Lanes.COUNT) {
        FloatVector merged = FloatVector.zero(Lanes.SPECIES);
        for (int p = 0; p < partials; p++) {
          long from = ((long) at(row, p, head) * paddedDim + i) * Float.BYTES;
          FloatVector weight =
              FloatVector.broadcast(Lanes.SPECIES, scratch[paddedDim + p] * normaliser);
          merged = weight.fma(Lanes.load(partialOutputs, from), merged);
        }
        merged.intoArray(scratch, i);
      }
      long to = ((long) row * headCount + head) * headDim * Float.BYTES;
      MemorySegment.copy(scratch, 0, output, ValueLayout.JAVA_FLOAT, to, headDim);
    }
  }

  private int at(int row, int partial, int head) {
    return plan.partialRow(row, partial) * headCount + head;
  }
}
