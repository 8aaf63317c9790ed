package dev.baton.engine.backend.cuda;

import dev.baton.cuda.CudaException;
import dev.baton.cuda.CudaGraph;
import dev.baton.cuda.CudaKernels;
import dev.baton.cuda.CudaSettings;
import dev.baton.cuda.CudaStream;
import dev.baton.cuda.CudaUnavailableException;
import dev.baton.cuda.DeviceArena;
import dev.baton.cuda.DeviceBuffer;
import dev.baton.cuda.Gpu;
import dev.baton.cuda.PinnedBuffer;
import dev.baton.cuda.RelayKernels;
import dev.baton.cuda.RowKernels.Heads;
import dev.baton.cuda.WeightMatrix;
import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.attention.RelayCostModel;
import dev.baton.engine.backend.Backend;
import dev.baton.engine.backend.DeviceLostException;
import dev.baton.engine.backend.KvLayout;
import dev.baton.engine.backend.Logits;
import dev.baton.engine.backend.Step;
import dev.baton.engine.gguf.GgufFile;
import dev.baton.engine.model.ModelConfig;
import dev.baton.engine.model.ModelWeights;
import dev.baton.engine.model.RopeStyle;
import dev.baton.engine.model.RopeTables;
import dev.baton.engine.sampling.Draw;
import dev.baton.engine.sampling.SampledToken;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.IntPredicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The transformer on one NVIDIA GPU: f32 residual stream and sums, bf16 activations, f16 keys and
 * values. All memory is taken when it is opened: weights, KV blocks, buffers.
 *
 * <p>What changes from step to step is in device memory ({@link StepLayout}), so the launches of a
 * step of up to 64 tokens ({@link CudaForward}) depend on its size only, rounded up; they are
 * recorded once and replayed.
 *
 * <p>KV memory: {@code [block][layer][kvHead][keys, values][blockTokens][headDim]} f16.
 */
public final class CudaBackend implements Backend {
  /** Steps of up to so many tokens have recorded launches. */
  private static final int[] BUCKETS = {1, 2, 4, 8, 16, 32, 48, 64};

  private final ModelConfig config;
  private final CudaLimits limits;
  private final Gpu gpu;
  private final CudaStream stream;
  private final CudaForward forward;
  private final Activations buffers;
  private final DeviceSampling sampling;
  private final StepLayout layout;
  private final StepLayout.OnDevice step;
  private final PinnedBuffer stepHost;
  private final PinnedBuffer logitsHost;
  private final DeviceBuffer kv;
  private final KvLayout kvLayout;
  private final String products;
  private final RelayCostModel relayCostModel;
  private final Map<Integer, CudaGraph> graphs = new TreeMap<>(); // by bucket

  private CudaBackend(Gpu gpu, GgufFile file, ModelConfig config, CudaLimits limits) {
    this.gpu = gpu;
    this.config = config;
    this.limits = limits;
    relayCostModel = new CudaRelayCostModel(config.headsPerKvHead());
    Heads heads = heads(config, limits.blockTokens());
    CudaKernels kernels = CudaKernels.load(gpu, heads);
    stream = gpu.newStream();
    products = kernels.gemm().description();
    ModelWeights model = ModelWeights.of(file, config);
    long blockBytes = heads.blockStride() * Short.BYTES;
    MemoryPlan plan = MemoryPlan.of(gpu, model, config, limits, kernels, blockBytes);
    int blockCount = plan.blockCount();
    kvLayout = new KvLayout(blockCount, limits.blockTokens(), blockBytes / limits.blockTokens());
    int positions =
        (int) Math.min(config.contextLength(), (long) blockCount * limits.blockTokens());
    DeviceArena weightMemory = gpu.allocate(plan.weightBytes(), "the model's weights");
    kv = gpu.allocate(blockBytes * blockCount, "the KV memory").take(blockBytes * blockCount);
    layout = StepLayout.of(config, limits, kernels, blockCount, positions);
    long[] sizes = Activations.sizes(config, model, limits, kernels, layout.sizeBytes());
    DeviceArena bufferMemory =
        gpu.allocate(
            MemoryPlan.total(sizes) + MemoryPlan.total(DeviceSampling.sizes(limits.maxLogitRows())),
            "the buffers of a step");
    buffers = Activations.take(bufferMemory, sizes);
    sampling =
        new DeviceSampling(
            gpu, bufferMemory, kernels.sample(), limits.maxLogitRows(), config.vocabSize());
    step = layout.new OnDevice(buffers.step());
    stepHost = gpu.pin(layout.sizeBytes());
    logitsHost = gpu.pin(buffers.logits().sizeBytes());
    stream.clear(kv);
    clearTickets();
    RopeTables rope =
        new RopeTables(
            positions,
            config.headDim(),
            config.ropeBase(),
            config.ropeScaling(),
            model.ropeDivisors());
    DeviceWeights weights =
        DeviceWeights.upload(
            model,
            rope,
            new WeightUpload(
                gpu, stream, kernels.rows(), weightMemory, plan.fileBytes(), plan.largestMatrix()));
    stream.synchronize();
    forward = new CudaForward(config, limits, stream, kernels, weights, buffers, step, heads, kv);
  }

  /**
   * Opens the GPU, takes its memory and uploads the weights.
   *
   * @throws EngineException {@link ErrorCode#CONFIGURATION_INVALID} when the GPU can not be used or
   *     has too little memory, {@link ErrorCode#MODEL_UNSUPPORTED} for a model whose shape the
   *     kernels do not have
   */
  public static CudaBackend open(
      GgufFile file, ModelConfig config, CudaLimits limits, CudaSettings settings) {
    String reason = unserved(config);
    if (!reason.isEmpty()) {
      throw new EngineException(
          ErrorCode.MODEL_UNSUPPORTED, reason + "; serve it with baton.engine.device=cpu");
    }
    Gpu gpu = opened(() -> Gpu.open(settings));
    boolean opened = false;
    try {
      CudaBackend backend =
          opened(() -> gpu.call(() -> new CudaBackend(gpu, file, config, limits)));
      opened = true;
      return backend;
    } finally {
      if (!opened) {
        gpu.close();
      }
    }
  }

  private static <T> T opened(Supplier<T> opening) {
    try {
      return opening.get();
    } catch (CudaUnavailableException | CudaException e) {
      throw new EngineException(
          ErrorCode.CONFIGURATION_INVALID,
          Objects.requireNonNullElse(e.getMessage(), "the GPU can not be used"),
          e);
    }
  }

  /** Why the kernels can not serve a model of this shape; empty when they can. */
  static String unserved(ModelConfig config) {
    for (int width : new int[] {config.modelDim(), config.ffnDim(), config.queryDim()}) {
      if (width % WeightMatrix.COLUMN_MULTIPLE != 0) {
        return "the GPU kernels serve widths in multiples of %d, the model has %d"
            .formatted(WeightMatrix.COLUMN_MULTIPLE, width);
      }
    }
    return RelayKernels.unserved(config.headCount(), config.kvHeadCount(), config.headDim());
  }

  private static Heads heads(ModelConfig config, int blockTokens) {
    long layerStride = 2L * config.kvDim() * blockTokens; // keys and values of one block
    return new Heads(
        config.headCount(),
        config.kvHeadCount(),
        config.headDim(),
        blockTokens,
        layerStride * config.layerCount(),
        config.ropeStyle() == RopeStyle.HALVES);
  }

  // ---- the step

  @Override
  public Logits forward(Step wanted) {
    return forward(wanted, Collections.nCopies(wanted.logitsCount(), null));
  }

  @Override
  public Logits forward(Step wanted, List<@Nullable Draw> draws) {
    return computed(() -> {
      layout.prepare(wanted, stepHost.memory());
      if (draws.size() != layout.logitRows()) {
        throw new IllegalArgumentException(
            "%d draws for %d rows of logits".formatted(draws.size(), layout.logitRows()));
      }
      upload();
      int bucket = bucket(layout.rows());
      if (bucket == 0) {
        forward.launch(layout.rows(), layout.logitRows());
      } else if (!limits.graphs() || layout.logitRows() == 0) {
        forward.launch(bucket, layout.logitRows() == 0 ? 0 : bucket);
      } else {
        graph(bucket).launch(stream);
      }
      sampling.choose(stream, draws, buffers.logits(), step.logitCount);
      int count = layout.logitRows();
      copyLogits(count, row -> !sampling.takes(row));
      stream.synchronize();
      if (copyLogits(count, row -> sampling.takes(row) && sampling.token(row) == null)) {
        stream.synchronize();
      }
      List<@Nullable SampledToken> tokens = new ArrayList<>(count);
      for (int row = 0; row < count; row++) {
        tokens.add(sampling.token(row));
      }
      return new HostLogits(logitsHost.memory(), tokens, config.vocabSize());
    });
  }

  /** Brings rows of logits to the host, neighbours in one copy; false when there are none. */
  private boolean copyLogits(int count, IntPredicate wanted) {
    long rowBytes = (long) config.vocabSize() * Float.BYTES;
    boolean any = false;
    for (int from = 0; from < count; from++) {
      int to = from;
      while (to < count && wanted.test(to)) {
        to++;
      }
      if (to > from) {
        stream.copy(
            logitsHost,
            from * rowBytes,
            buffers.logits().slice(from * rowBytes, (to - from) * rowBytes));
        any = true;
        from = to;
      }
    }
    return any;
  }

  private void upload() {
    stream.copy(buffers.step().slice(0, layout.usedBytes()), stepHost, 0);
    long table = layout.tableOffset();
    stream.copy(buffers.step().slice(table, layout.tableBytes()), stepHost, table);
  }

  /** The smallest size with recorded launches that holds so many rows; 0 for none. */
  private int bucket(int rows) {
    for (int bucket : BUCKETS) {
      if (rows <= bucket && bucket <= limits.maxRows() && bucket <= limits.maxLogitRows()) {
        return bucket;
      }
    }
    return 0;
  }

  private CudaGraph graph(int bucket) {
    CudaGraph recorded = graphs.get(bucket);
    if (recorded == null) {
      recorded = gpu.capture(stream, () -> forward.launch(bucket, bucket));
      graphs.put(bucket, recorded);
    }
    return recorded;
  }

  // ---- errors and the end

  /** Runs work on the GPU's thread; a lost context is told from a step that failed. */
  private <T> T computed(Supplier<T> work) {
    try {
      return gpu.call(work);
    } catch (CudaException e) {
      CudaException worst = e.sticky() ? e : recover(e);
      if (worst.sticky()) {
        throw new DeviceLostException(
            "GPU %s is lost to this process; restart it".formatted(device()), worst);
      }
      throw worst;
    }
  }

  /**
   * After a call failed in the middle of a step: what was launched ends, counters start anew.
   *
   * @return the failure to report: the one given, or the loss of the context behind it
   */
  private CudaException recover(CudaException failure) {
    try {
      gpu.run(() -> {
        stream.synchronize();
        clearTickets();
        stream.synchronize();
      });
    } catch (CudaException e) {
      if (e.sticky()) {
        e.addSuppressed(failure);
        return e;
      }
      failure.addSuppressed(e);
    }
    return failure;
  }

  private void clearTickets() {
    stream.clear(buffers.linear().tickets());
    stream.clear(buffers.relay().tickets());
    stream.clear(buffers.relay().counters());
  }

  /** The GPU's ordinal and name. */
  public String device() {
    return "%d (%s)".formatted(gpu.description().ordinal(), gpu.description().name());
  }

  /** What multiplies many rows, for people. */
  public String products() {
    return products;
  }

  @Override
  public KvLayout kvLayout() {
    return kvLayout;
  }

  @Override
  public RelayCostModel relayCostModel() {
    return relayCostModel;
  }

  @Override
  public void clearBlocks(int[] blocks) {
    computed(() -> {
      for (int block : blocks) {
        Objects.checkIndex(block, kvLayout.blockCount());
        stream.clear(kv.slice(block * kvLayout.blockBytes(), kvLayout.blockBytes()));
      }
      return true;
    });
  }

  @Override
  public void close() {
    gpu.close();
  }

  /** Rows with a token have no logits here. */
  private record HostLogits(
      MemorySegment values, List<@Nullable SampledToken> tokens, int vocabSize) implements Logits {
    @Override
    public int rowCount() {
      return tokens.size();
    }

    @Override
    public @Nullable SampledToken sampled(int row) {
      return tokens.get(row);
    }

    @Override
    public void copyRow(int row, float[] target) {
      if (tokens.get(row) != null) {
        throw new IllegalStateException("the token of row %d is chosen".formatted(row));
      }
      MemorySegment.copy(
          values,
          ValueLayout.JAVA_FLOAT,
          (long) row * vocabSize * Float.BYTES,
          target,
          0,
          vocabSize);
    }
  }
}
