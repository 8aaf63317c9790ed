package dev.baton.engine.backend.cpu;

import dev.baton.engine.backend.Backend;
import dev.baton.engine.backend.BackendContract;
import dev.baton.engine.gguf.GgufFile;
import dev.baton.engine.model.ModelConfig;
import dev.baton.engine.reference.ReferenceModel;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** The contract for each set of kernels that this machine has. */
@Tag("kernels")
@ParameterizedClass
@MethodSource("dev.baton.engine.backend.cpu.TestKernels#available")
record CpuBackendContractTest(KernelSet kernels) implements BackendContract {

  @Override
  public Backend open(GgufFile file, ModelConfig config, int blockCount) {
    KernelChoice choice = KernelChoice.of(kernels, NativeLibrary.instance());
    return CpuBackend.open(
        file, config, new CpuSettings(2, blockCount, BLOCK_TOKENS, MAX_ROWS, MAX_ROWS, choice));
  }

  /**
   * Kernels on words compute what a model computes whose activations are 16 bits; how far that is
   * from the exact model is {@link CpuBackendTest}'s to bound.
   */
  @Override
  public ReferenceModel reference(GgufFile file) {
    return switch (kernels) {
      case VECTOR, NATIVE_AMX -> ReferenceModel.open(file);
      case NATIVE_AVX2, NATIVE_AVX512 -> ReferenceModel.openWithWords(file);
    };
  }

  @Override
  public double tolerance() {
    return switch (kernels) {
      case VECTOR, NATIVE_AVX2, NATIVE_AVX512 -> CpuBackendTest.SAME;
      case NATIVE_AMX -> CpuBackendTest.SAME_WITH_BRAIN_FLOATS;
    };
  }
}
