package dev.baton.engine.backend.cpu;

import dev.baton.engine.backend.Backend;
import dev.baton.engine.backend.BackendContract;
import dev.baton.engine.gguf.GgufFile;
import dev.baton.engine.model.ModelConfig;

final class CpuBackendContractTest implements BackendContract {

  @Override
  public Backend open(GgufFile file, ModelConfig config, int blockCount) {
    return CpuBackend.open(
        file, config, new CpuSettings(2, blockCount, BLOCK_TOKENS, MAX_ROWS, MAX_ROWS));
  }

  @Override
  public double tolerance() {
    // Native kernels round activations to 16 bits, as in CpuBackendTest.
    return 3e-4;
  }
}
