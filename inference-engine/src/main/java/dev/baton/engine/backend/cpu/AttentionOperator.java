package dev.baton.engine.backend.cpu;

import dev.baton.engine.attention.RelayCostModel;
import dev.baton.engine.backend.Step;
import dev.baton.engine.model.ModelConfig;
import dev.baton.engine.model.RopeScaling;
import dev.baton.engine.model.RopeStyle;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;

/**
 * The attention of one layer alone, on random queries, keys and values, as benchmarks measure it:
 * the kernels and the plan of {@link CpuBackend}, without the rest of a model.
 */
public final class AttentionOperator implements AutoCloseable {
  private final ComputePool pool;
  private final Arena arena = Arena.ofShared();
  private final KvMemory kv;
  private final Attention attention;
  private final RelayCostModel costModel = new CpuRelayCostModel();
  private final int queryDim;
  private final MemorySegment queries; // [maxRows, queryDim]
  private final MemorySegment output; // [maxRows, queryDim]

  /**
   * @param blockCount blocks of KV memory, of {@link CpuSettings#DEFAULT_BLOCK_TOKENS} tokens
   * @param maxRows tokens of a step at most
   */
  public AttentionOperator(
      int headCount,
      int kvHeadCount,
      int headDim,
      int threads,
      int blockCount,
      int maxRows,
      long seed) {
    queryDim = headCount * headDim;
    ModelConfig config = shape(headCount, kvHeadCount, headDim);
    pool = new ComputePool(threads);
    KernelSet set = KernelChoice.here().set();
    kv = new KvMemory(set, arena, config, blockCount, CpuSettings.DEFAULT_BLOCK_TOKENS);
    attention = new Attention(set, arena, pool, config, kv, maxRows);
    queries = arena.allocate((long) maxRows * queryDim * Float.BYTES, 64);
    output = arena.allocate((long) maxRows * queryDim * Float.BYTES, 64);
    Random random = new Random(seed);
    for (long i = 0; i < (long) maxRows * queryDim; i++) {
      queries.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
    }
    for (int block = 0; block < blockCount; block++) {
      kv.fillRandomly(block, seed);
    }
  }

  /** Bytes of keys and values of one token. */
  public static long bytesPerToken(int kvHeadCount, int headDim) {
    return KvMemory.bytesPerToken(shape(kvHeadCount, kvHeadCount, headDim));
  }

  /** A model of one layer with such heads. */
  static ModelConfig shape(int headCount, int kvHeadCount, int headDim) {
    return new ModelConfig(
        "llama",
        1,
        headCount * headDim,
        1,
        headCount,
        kvHeadCount,
        headDim,
        1,
        Integer.MAX_VALUE,
        1e-5f,
        10_000,
        RopeStyle.ADJACENT,
        new RopeScaling.None(),
        false,
        false,
        true);
  }

  public RelayCostModel costModel() {
    return costModel;
  }

  /** Plans a step, as the backend does once for all layers. */
  public void prepare(Step step) {
    attention.prepare(step);
  }

  /** Computes the planned step's attention of one layer. */
  public void compute() {
    attention.compute(0, queries, queryDim, output);
  }

  /** One element of the result, so that nothing is computed in vain. */
  public float result(int row, int element) {
    return output.getAtIndex(ValueLayout.JAVA_FLOAT, (long) row * queryDim + element);
  }

  @Override
  public void close() {
    pool.close();
    arena.close();
  }
}
