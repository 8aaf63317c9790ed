package dev.baton.cuda;

import dev.baton.cuda.RowKernels.Heads;

/** All kernels of the forward pass, loaded on one GPU. Made on the GPU's thread. */
public record CudaKernels(
    RowKernels rows,
    LinearKernels linear,
    GemmKernels gemm,
    RelayKernels relay,
    SampleKernel sample) {
  /**
   * Loads the kernels.
   *
   * @param heads shape of the model's attention
   * @throws CudaUnavailableException when the build has none for this GPU or for such heads
   */
  public static CudaKernels load(Gpu gpu, Heads heads) {
    KernelModules modules = KernelModules.load(gpu);
    return new CudaKernels(
        new RowKernels(modules),
        new LinearKernels(modules, gpu.multiprocessors()),
        new GemmKernels(modules, CublasLt.find(gpu)),
        new RelayKernels(modules, gpu.multiprocessors(), heads),
        new SampleKernel(modules));
  }
}
