package dev.baton.engine.backend.cuda;

import dev.baton.cuda.StandIn;
import dev.baton.engine.backend.Backend;
import dev.baton.engine.backend.BackendContract;
import dev.baton.engine.gguf.GgufFile;
import dev.baton.engine.model.ModelConfig;
import org.junit.jupiter.api.BeforeEach;

/** The CUDA backend with its own kernels, over the real JCuda, on the driver stand-in. */
final class CudaBackendContractTest implements BackendContract {

  @BeforeEach
  void loadStandIn() {
    StandIn.require().seed(11);
  }

  @Override
  public Backend open(GgufFile file, ModelConfig config, int blockCount) {
    long blockBytes = 2L * config.kvDim() * Short.BYTES * config.layerCount() * BLOCK_TOKENS;
    return CudaBackend.open(
        file,
        config,
        new CudaLimits(blockCount * blockBytes, BLOCK_TOKENS, MAX_ROWS, MAX_ROWS, true),
        StandIn.settings());
  }

  /** Activations are rounded to bf16, 8 bits, in each layer. */
  @Override
  public double tolerance() {
    return 0.015;
  }
}
