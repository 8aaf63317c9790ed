package dev.baton.engine.backend.cuda;

import dev.baton.cuda.CudaKernels;
import dev.baton.cuda.DeviceArena;
import dev.baton.cuda.Gpu;
import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.model.ModelConfig;
import dev.baton.engine.model.ModelWeights;
import dev.baton.engine.tensor.Tensor;

/**
 * How a model shares out a GPU's free memory: weights, the buffers of a step, and KV blocks in what
 * is left.
 *
 * @param weightBytes weights on the device, with the staging of their upload
 * @param fileBytes weights in the file, all of which are uploaded
 * @param largestMatrix of the file, in bytes
 * @param blockCount KV blocks
 */
record MemoryPlan(long weightBytes, long fileBytes, long largestMatrix, int blockCount) {
  /** What a KV pool without a stated size leaves free for the driver and its libraries. */
  private static final double KV_SHARE = 0.9;

  /**
   * @param blockBytes bytes of a KV block, all layers
   * @throws EngineException {@link ErrorCode#CONFIGURATION_INVALID} when it does not fit
   */
  static MemoryPlan of(
      Gpu gpu,
      ModelWeights model,
      ModelConfig config,
      CudaLimits limits,
      CudaKernels kernels,
      long blockBytes) {
    long file = 0;
    long largest = 0;
    for (Tensor matrix : DeviceWeights.matrices(model)) {
      long bytes = matrix.rowBytes() * matrix.rows();
      file += bytes;
      largest = Math.max(largest, bytes);
    }
    long weights =
        DeviceWeights.deviceBytes(model, config, config.contextLength())
            + WeightUpload.stagingBytes(largest);
    int contextBlocks = Math.ceilDiv(config.contextLength(), limits.blockTokens());
    StepLayout layout = StepLayout.of(config, limits, kernels, contextBlocks, 1);
    long buffers =
        total(Activations.sizes(config, model, limits, kernels, layout.sizeBytes()))
            + total(DeviceSampling.sizes(limits.maxLogitRows()));
    int blocks = blockCount(gpu, limits, weights, buffers, blockBytes);
    return new MemoryPlan(weights, file, largest, blocks);
  }

  private static int blockCount(
      Gpu gpu, CudaLimits limits, long weights, long buffers, long blockBytes) {
    long free = gpu.freeBytes();
    long left = free - weights - buffers;
    Long wanted = limits.kvBytes();
    long kvBytes = wanted != null ? wanted : (long) (left * KV_SHARE);
    if (kvBytes < blockBytes || kvBytes > left) {
      throw new EngineException(
          ErrorCode.CONFIGURATION_INVALID,
          ("GPU %d (%s) has too little memory for this model: %d MiB of weights, %d MiB of buffers"
                  + " and %d MiB of KV memory are needed, %d MiB are free; take a smaller model or format,"
                  + " a smaller batch, less KV memory, or baton.engine.device=cpu")
              .formatted(
                  gpu.description().ordinal(),
                  gpu.description().name(),
                  mebibytes(weights),
                  mebibytes(buffers),
                  mebibytes(wanted != null ? Math.max(wanted, blockBytes) : blockBytes),
                  free >> 20));
    }
    return (int) Math.min(kvBytes / blockBytes, Integer.MAX_VALUE / 4 / limits.blockTokens());
  }

  /** Bytes that ranges of these sizes take in one allocation. */
  static long total(long[] sizes) {
    long total = 0;
    for (long size : sizes) {
      total += DeviceArena.aligned(size);
    }
    return total;
  }

  private static long mebibytes(long bytes) {
    return Math.ceilDiv(bytes, 1L << 20);
  }
}
