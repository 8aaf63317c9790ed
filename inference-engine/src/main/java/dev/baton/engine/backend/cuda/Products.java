package dev.baton.engine.backend.cuda;

import dev.baton.cuda.CudaKernels;
import dev.baton.cuda.CudaStream;
import dev.baton.cuda.DeviceBuffer;
import dev.baton.cuda.GemmKernels;
import dev.baton.cuda.LinearKernels;
import dev.baton.cuda.WeightMatrix;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Products of a step's rows with weights: many rows at once by {@link GemmKernels}, else runs of up
 * to {@value LinearKernels#MAX_ROWS} by {@link LinearKernels}, which read the weights as they are.
 */
record Products(
    CudaStream stream,
    CudaKernels kernels,
    LinearKernels.Workspace linear,
    GemmKernels.Workspace gemm) {

  /**
   * Rows of a step.
   *
   * @param size rows to launch for
   * @param capacity rows that the buffers have room for
   * @param count how many there are, i32 in device memory
   * @param ofRun the same of the i-th run of 64
   */
  record Rows(int size, int capacity, DeviceBuffer count, IntFunction<DeviceBuffer> ofRun) {}

  /**
   * {@code y[.., column + i] (+)= x W[i]ᵀ (+ bias[i])}.
   *
   * @param x {@code [capacity, weight.columns()]} bf16
   * @param y {@code [capacity, stride]} f32
   */
  void multiply(
      WeightMatrix weight,
      DeviceBuffer x,
      @Nullable DeviceBuffer bias,
      DeviceBuffer y,
      int column,
      int stride,
      Rows rows,
      boolean accumulate) {
    if (GemmKernels.serves(weight.format(), rows.size())) {
      kernels
          .gemm()
          .multiply(
              stream,
              weight,
              x,
              bias,
              y.behindFloats(column),
              stride,
              rows.count(),
              rows.size(),
              rows.capacity(),
              accumulate,
              gemm);
      return;
    }
    long rowBytes = (long) weight.columns() * Short.BYTES;
    for (int from = 0; from < rows.size(); from += LinearKernels.MAX_ROWS) {
      int run = Math.min(LinearKernels.MAX_ROWS, rows.size() - from);
      kernels
          .linear()
          .multiply(
              stream,
              weight,
              x.slice(from * rowBytes, run * rowBytes),
              bias,
              y.behindFloats((long) from * stride + column),
              stride,
              rows.ofRun().apply(from / LinearKernels.MAX_ROWS),
              run,
              accumulate,
              linear);
    }
  }
}
