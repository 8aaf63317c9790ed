package dev.baton.engine.backend.cuda;

import dev.baton.cuda.CudaKernels;
import dev.baton.cuda.DeviceArena;
import dev.baton.cuda.DeviceBuffer;
import dev.baton.cuda.GemmKernels;
import dev.baton.cuda.LinearKernels;
import dev.baton.cuda.RelayKernels;
import dev.baton.cuda.WeightFormat;
import dev.baton.engine.model.ModelConfig;
import dev.baton.engine.model.ModelWeights;
import dev.baton.engine.tensor.Tensor;

/**
 * The buffers of a step, all from one allocation; T is maxRows.
 *
 * @param hidden {@code [T, modelDim]} f32, the residual stream
 * @param normed {@code [T, modelDim]} bf16
 * @param qkv {@code [T, queryDim + 2 kvDim]} f32
 * @param queries {@code [T, queryDim]} f16
 * @param attended {@code [T, queryDim]} bf16
 * @param gateUp {@code [T, 2 ffnDim]} f32
 * @param activated {@code [T, ffnDim]} bf16
 * @param logits {@code [maxLogitRows, vocabSize]} f32
 * @param step what {@link StepLayout} describes
 */
record Activations(
    DeviceBuffer hidden,
    DeviceBuffer normed,
    DeviceBuffer qkv,
    DeviceBuffer queries,
    DeviceBuffer attended,
    DeviceBuffer gateUp,
    DeviceBuffer activated,
    DeviceBuffer logits,
    DeviceBuffer step,
    LinearKernels.Workspace linear,
    GemmKernels.Workspace gemm,
    RelayKernels.Workspace relay) {

  /** Partial attention results per row that there is room for, on average. */
  private static final int PARTIALS_PER_ROW = 4;

  /** Splits of a few long rows need room too. */
  private static final int MIN_PARTIALS = 1024;

  static int partialCapacity(int maxRows) {
    return Math.max(MIN_PARTIALS, PARTIALS_PER_ROW * maxRows);
  }

  /** Bytes of each buffer, in the order of {@link #take}. */
  static long[] sizes(
      ModelConfig config, ModelWeights weights, CudaLimits limits, CudaKernels kernels, long step) {
    long rows = limits.maxRows();
    long partials = partialCapacity(limits.maxRows());
    long linearPartials = 1;
    long tickets = 1;
    long slice = 1;
    boolean manyRows = false;
    for (Tensor matrix : DeviceWeights.matrices(weights)) {
      linearPartials =
          Math.max(
              linearPartials, kernels.linear().partialElements(matrix.rows(), matrix.columns()));
      tickets = Math.max(tickets, LinearKernels.ticketCount(matrix.rows()));
      WeightFormat format = WeightUpload.format(matrix);
      slice =
          Math.max(
              slice,
              GemmKernels.sliceBytes(format, matrix.rows(), matrix.columns(), limits.maxRows()));
      manyRows |= GemmKernels.serves(format, limits.maxRows());
    }
    return new long[] {
      rows * config.modelDim() * Float.BYTES,
      Math.max(rows, limits.maxLogitRows()) * config.modelDim() * Short.BYTES,
      rows * (config.queryDim() + 2L * config.kvDim()) * Float.BYTES,
      rows * config.queryDim() * Short.BYTES,
      rows * config.queryDim() * Short.BYTES,
      rows * 2 * config.ffnDim() * Float.BYTES,
      rows * config.ffnDim() * Short.BYTES,
      (long) limits.maxLogitRows() * config.vocabSize() * Float.BYTES,
      step,
      linearPartials * Float.BYTES,
      tickets * Integer.BYTES,
      slice,
      manyRows ? kernels.gemm().libraryBytes() : 1,
      partials * config.queryDim() * Float.BYTES,
      partials * config.headCount() * Float.BYTES,
      rows * config.kvHeadCount() * Integer.BYTES,
      2L * Integer.BYTES,
    };
  }

  static Activations take(DeviceArena arena, long[] sizes) {
    DeviceBuffer[] parts = new DeviceBuffer[sizes.length];
    for (int i = 0; i < sizes.length; i++) {
      parts[i] = arena.take(sizes[i]);
    }
    return new Activations(
        parts[0],
        parts[1],
        parts[2],
        parts[3],
        parts[4],
        parts[5],
        parts[6],
        parts[7],
        parts[8],
        new LinearKernels.Workspace(parts[9], parts[10]),
        new GemmKernels.Workspace(parts[11], parts[12]),
        new RelayKernels.Workspace(parts[13], parts[14], parts[15], parts[16]));
  }
}
