package dev.baton.engine.backend.cpu;

import dev.baton.engine.attention.RelayCostModel;
import dev.baton.engine.backend.Backend;
import dev.baton.engine.backend.KvLayout;
import dev.baton.engine.backend.Logits;
import dev.baton.engine.backend.Step;
import dev.baton.engine.backend.cpu.ComputePool.RangeTask;
import dev.baton.engine.gguf.GgufFile;
import dev.baton.engine.model.ModelConfig;
import dev.baton.engine.model.ModelWeights;
import dev.baton.engine.model.RopeTables;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The transformer on the CPU, f32 activations and KV. All buffers are allocated when it is opened.
 *
 * <p>The model file must stay open as long as the backend: the embedding, and with the Vector API
 * all weights, are read from its mapping.
 */
public final class CpuBackend implements Backend {
  /** Elements that a worker takes at once from element-wise work. */
  private static final int ELEMENT_CHUNK = 2048;

  private static final long BUFFER_ALIGNMENT = 64;

  /** Rows that a worker takes at once from row-wise work. */
  private static final int ROW_CHUNK = 4;

  private final ModelConfig config;
  private final Arena arena;
  private final ComputePool pool;
  private final KvMemory kv;
  private final Attention attention;
  private final StepRows rows;
  private final RopeTables rope;
  private final RelayCostModel relayCostModel = new CpuRelayCostModel();
  private final TokenEmbedding tokenEmbedding;
  private final List<Layer> layers;
  private final float[] outputNorm;
  private final Linear output;
  private final float[][] rowScratch; // [worker][max(modelDim, qkvDim)]

  private final MemorySegment hidden; // [maxRows, modelDim]
  private final MemorySegment normed; // [maxRows, modelDim]
  private final MemorySegment projected; // [maxRows, modelDim]

  // Attention, feed-forward and logits follow each other, and their buffers share memory.
  private final MemorySegment qkv; // [maxRows, qkvDim]: query heads, key heads, value heads
  private final MemorySegment attended; // [maxRows, queryDim]
  private final MemorySegment gateUp; // [maxRows, 2 ffnDim]: gate, up
  private final MemorySegment activated; // [maxRows, ffnDim]
  private final MemorySegment logits; // [maxLogitRows, vocabSize]

  // The passes of a step over its rows, made once: a step allocates only what AttentionPlan needs.
  private final RangeTask embedding = this::embed;
  private final RangeTask attentionNorm = this::normForAttention;
  private final RangeTask placement = this::placeKeysAndValues;
  private final RangeTask attentionSum = this::addAttention;
  private final RangeTask ffnNorm = this::normForFfn;
  private final RangeTask activation = this::activate;
  private final RangeTask ffnSum = this::addFfn;
  private Layer layer; // that the passes are about

  private long attentionNanos;

  private record Layer(
      int index,
      ModelWeights.Layer weights,
      Linear qkv,
      Linear output,
      Linear gateUp,
      Linear down) {}

  private CpuBackend(
      ModelConfig config,
      ModelWeights weights,
      CpuSettings settings,
      Arena arena,
      ComputePool pool) {
    this.config = config;
    this.arena = arena;
    this.pool = pool;
    int maxRows = settings.maxRows();
    int maxPositions =
        (int)
            Math.min(config.contextLength(), (long) settings.blockCount() * settings.blockTokens());
    tokenEmbedding = new TokenEmbedding(weights.embedding(), settings.kernels().set().isNative());
    outputNorm = weights.outputNorm();
    LayerLoading loading = new LayerLoading(settings.kernels().set(), pool, arena, weights);
    output = loading.linear(weights.output());
    layers = new ArrayList<>();
    for (ModelWeights.Layer of : weights.layers()) {
      layers.add(
          new Layer(
              layers.size(),
              of,
              loading.linear(of.query(), of.key(), of.value()),
              loading.linear(of.attentionOutput()),
              loading.linear(of.gate(), of.up()),
              loading.linear(of.down())));
    }
    loading.finish();
    layer = layers.getFirst();
    rope =
        new RopeTables(
            maxPositions,
            config.headDim(),
            config.ropeBase(),
            config.ropeScaling(),
            weights.ropeDivisors());
    rows = new StepRows(settings, config.vocabSize(), maxPositions);
    kv =
        new KvMemory(
            settings.kernels().set(), arena, config, settings.blockCount(), settings.blockTokens());
    hidden = floats(maxRows, config.modelDim());
    normed = floats(maxRows, config.modelDim());
    projected = floats(maxRows, config.modelDim());
    long qkvBytes = bytes(maxRows, qkvDim());
    long attentionBytes = qkvBytes + bytes(maxRows, config.queryDim());
    long gateUpBytes = bytes(maxRows, 2 * config.ffnDim());
    long ffnBytes = gateUpBytes + bytes(maxRows, config.ffnDim());
    long logitBytes = bytes(settings.maxLogitRows(), config.vocabSize());
    MemorySegment phase =
        settings
            .kernels()
            .set()
            .allocate(arena, Math.max(Math.max(attentionBytes, ffnBytes), logitBytes));
    qkv = phase.asSlice(0, qkvBytes);
    attended = phase.asSlice(qkvBytes, attentionBytes - qkvBytes);
    gateUp = phase.asSlice(0, gateUpBytes);
    activated = phase.asSlice(gateUpBytes, ffnBytes - gateUpBytes);
    logits = phase.asSlice(0, logitBytes);
    attention = new Attention(settings.kernels().set(), arena, pool, config, kv, maxRows);
    rowScratch = new float[settings.threads()][Math.max(config.modelDim(), qkvDim())];
  }

  /** Finds the model's weights and allocates all memory. */
  public static CpuBackend open(GgufFile file, ModelConfig config, CpuSettings settings) {
    ModelWeights weights = ModelWeights.of(file, config);
    Arena arena = Arena.ofShared();
    ComputePool pool = new ComputePool(settings.threads());
    boolean opened = false;
    try {
      CpuBackend backend = new CpuBackend(config, weights, settings, arena, pool);
      opened = true;
      return backend;
    } finally {
      if (!opened) {
        pool.close();
        arena.close();
      }
    }
  }

  /** Bytes of keys and values of one token over all layers, to choose a block count by. */
  public static long kvBytesPerToken(ModelConfig config) {
    return KvMemory.bytesPerToken(config);
  }

  @Override
  public KvLayout kvLayout() {
    return kv.layout();
  }

  @Override
  public RelayCostModel relayCostModel() {
    return relayCostModel;
  }

  @Override
  public Logits forward(Step step) {
    rows.prepare(step);
    attention.prepare(step);
    int count = rows.count();
    pool.parallelFor(count, ROW_CHUNK, embedding);
    tokenEmbedding.giveBack();
    for (int i = 0; i < layers.size(); i++) {
      layer = layers.get(i);
      pool.parallelFor(count, ROW_CHUNK, attentionNorm);
      layer.qkv().multiply(pool, normed, count, qkv);
      pool.parallelFor(count, ROW_CHUNK, placement);
      long before = System.nanoTime();
      attention.compute(i, qkv, qkvDim(), attended);
      attentionNanos += System.nanoTime() - before;
      layer.output().multiply(pool, attended, count, projected);
      pool.parallelFor(count, ROW_CHUNK, attentionSum);
      pool.parallelFor(count, ROW_CHUNK, ffnNorm);
      layer.gateUp().multiply(pool, normed, count, gateUp);
      pool.parallelFor(count * activationChunks(), 1, activation);
      layer.down().multiply(pool, activated, count, projected);
      pool.parallelFor(count, ROW_CHUNK, ffnSum);
    }
    int logitCount = rows.logitCount();
    if (logitCount > 0) {
      gatherAndNorm(logitCount);
      output.multiply(pool, normed, logitCount, logits);
    }
    return new CpuLogits(logits, logitCount, config.vocabSize());
  }

  private void embed(int worker, int from, int to) {
    int dim = config.modelDim();
    float[] scratch = rowScratch[worker];
    for (int row = from; row < to; row++) {
      tokenEmbedding.readRow(rows.token(row), scratch);
      copy(scratch, hidden, (long) row * dim, dim);
    }
  }

  private void normForAttention(int worker, int from, int to) {
    normRows(layer.weights().attentionNorm(), from, to);
  }

  private void normForFfn(int worker, int from, int to) {
    normRows(layer.weights().ffnNorm(), from, to);
  }

  private void normRows(float[] weight, int from, int to) {
    int dim = config.modelDim();
    for (int row = from; row < to; row++) {
      long at = (long) row * dim;
      RowKernels.rmsNorm(hidden, at, weight, config.rmsEpsilon(), normed, at);
    }
  }

  /**
   * Adds biases, norms and rotates query and key heads, and writes keys and values to their blocks.
   */
  private void placeKeysAndValues(int worker, int from, int to) {
    int width = qkvDim();
    float[] scratch = rowScratch[worker];
    for (int row = from; row < to; row++) {
      long at = (long) row * width;
      MemorySegment.copy(qkv, ValueLayout.JAVA_FLOAT, at * Float.BYTES, scratch, 0, width);
      placeRow(row, scratch);
      copy(scratch, qkv, at, config.queryDim());
    }
  }

  private void placeRow(int row, float[] qkvRow) {
    ModelWeights.Layer weights = layer.weights();
    int headDim = config.headDim();
    int keys = config.queryDim();
    int values = keys + config.kvDim();
    float @Nullable [] bias = weights.qkvBias();
    if (bias != null) {
      for (int i = 0; i < bias.length; i++) {
        qkvRow[i] += bias[i];
      }
    }
    for (int at = 0; at < values; at += headDim) {
      float @Nullable [] norm = at < keys ? weights.queryNorm() : weights.keyNorm();
      if (norm != null) {
        RowKernels.rmsNormInPlace(qkvRow, at, norm, config.rmsEpsilon());
      }
      rope.rotateInPlace(config.ropeStyle(), qkvRow, at, rows.position(row));
    }
    for (int head = 0; head < config.kvHeadCount(); head++) {
      int offset = head * headDim;
      kv.write(
          layer.index(),
          rows.block(row),
          head,
          rows.place(row),
          qkvRow,
          keys + offset,
          qkvRow,
          values + offset);
    }
  }

  private void addAttention(int worker, int from, int to) {
    addProjected(layer.weights().attentionOutputBias(), from, to);
  }

  private void addFfn(int worker, int from, int to) {
    addProjected(null, from, to);
  }

  private void addProjected(float @Nullable [] bias, int from, int to) {
    int dim = config.modelDim();
    for (int row = from; row < to; row++) {
      RowKernels.addInPlace(hidden, projected, (long) row * dim, dim);
      if (bias != null) {
        RowKernels.addInPlace(hidden, bias, (long) row * dim);
      }
    }
  }

  /** Pieces of a row's activations that workers take. */
  private int activationChunks() {
    return Math.ceilDiv(config.ffnDim(), ELEMENT_CHUNK);
  }

  private void activate(int worker, int from, int to) {
    int ffnDim = config.ffnDim();
    int chunks = activationChunks();
    for (int i = from; i < to; i++) {
      int row = i / chunks;
      int column = i % chunks * ELEMENT_CHUNK;
      long gate = 2L * row * ffnDim + column;
      RowKernels.swiGlu(
          gateUp,
          gate,
          gate + ffnDim,
          activated,
          (long) row * ffnDim + column,
          Math.min(ELEMENT_CHUNK, ffnDim - column));
    }
  }

  private void gatherAndNorm(int logitCount) {
    int dim = config.modelDim();
    for (int i = 0; i < logitCount; i++) {
      RowKernels.rmsNorm(
          hidden,
          (long) rows.logitRow(i) * dim,
          outputNorm,
          config.rmsEpsilon(),
          normed,
          (long) i * dim);
    }
  }

  /** The kernels that compute here, in words. */
  public static String kernels() {
    KernelChoice choice = KernelChoice.here();
    return "%s (%s); vectors of %d bits"
        .formatted(choice.set().title(), choice.reason(), Lanes.COUNT * Float.SIZE);
  }

  /** Bytes of weights that a step reads: those of all its products. */
  public long weightBytes() {
    long bytes = output.bytes();
    for (Layer each : layers) {
      bytes +=
          each.qkv().bytes() + each.output().bytes() + each.gateUp().bytes() + each.down().bytes();
    }
    return bytes;
  }

  /** Fills blocks with random keys and values, for benchmarks that need no real ones. */
  public void fillRandomly(int[] blocks, long seed) {
    for (int block : blocks) {
      kv.fillRandomly(block, seed);
    }
  }

  /** Time spent in attention since the start, for benchmarks. */
  public long attentionNanos() {
    return attentionNanos;
  }

  KvMemory kvMemory() {
    return kv;
  }

  @Override
  public void clearBlocks(int[] blocks) {
    kv.clear(blocks);
  }

  @Override
  public void close() {
    pool.close();
    arena.close();
  }

  /** Elements of a row of {@link #qkv}. */
  private int qkvDim() {
    return config.queryDim() + 2 * config.kvDim();
  }

  private MemorySegment floats(int rowCount, int columns) {
    return arena.allocate(bytes(rowCount, columns), BUFFER_ALIGNMENT);
  }

  /** Of a buffer that another one may follow. */
  private static long bytes(int rowCount, int columns) {
    return Math.ceilDiv((long) rowCount * columns * Float.BYTES, BUFFER_ALIGNMENT)
        * BUFFER_ALIGNMENT;
  }

  private static void copy(float[] from, MemorySegment to, long at, int length) {
    MemorySegment.copy(from, 0, to, ValueLayout.JAVA_FLOAT, at * Float.BYTES, length);
  }

  /** Rows of the backend's logits buffer. */
  private record CpuLogits(MemorySegment data, int rowCount, int vocabSize) implements Logits {
    @Override
    public void copyRow(int row, float[] target) {
      Objects.checkIndex(row, rowCount);
      MemorySegment.copy(
          data, ValueLayout.JAVA_FLOAT, (long) row * vocabSize * Float.BYTES, target, 0, vocabSize);
    }
  }
}
