package dev.baton.engine.runtime;

import dev.baton.cuda.CudaDiscovery;
import dev.baton.cuda.CudaSettings;
import dev.baton.cuda.Gpu;
import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.backend.Backend;
import dev.baton.engine.backend.cpu.CpuBackend;
import dev.baton.engine.backend.cpu.CpuSettings;
import dev.baton.engine.backend.cpu.KernelChoice;
import dev.baton.engine.backend.cuda.CudaBackend;
import dev.baton.engine.backend.cuda.CudaLimits;
import dev.baton.engine.gguf.GgufFile;
import dev.baton.engine.model.ModelConfig;
import dev.baton.engine.scheduler.SchedulerSettings;
import dev.baton.engine.tensor.Tensor;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.stream.Collectors;

/** Opens the backend that the settings and the machine call for, and says which and why. */
final class BackendChoice {
  private static final Logger LOG = System.getLogger(BackendChoice.class.getName());

  private BackendChoice() {}

  static Backend open(GgufFile file, ModelConfig config, EngineSettings settings) {
    return switch (settings.device()) {
      case CPU -> cpu(file, config, settings);
      case CUDA -> cuda(file, config, settings, CudaSettings.fromProperties());
      case AUTO -> auto(file, config, settings);
    };
  }

  private static Backend auto(GgufFile file, ModelConfig config, EngineSettings settings) {
    CudaSettings cuda = CudaSettings.fromProperties();
    String reason = Gpu.unusable(CudaDiscovery.discover(cuda), cuda);
    if (!reason.isEmpty()) {
      LOG.log(Level.INFO, "computing on the CPU: {0}", reason);
      return cpu(file, config, settings);
    }
    try {
      return cuda(file, config, settings, cuda);
    } catch (EngineException e) {
      LOG.log(Level.WARNING, "there is a GPU, but the CPU computes: {0}", e.getMessage());
      return cpu(file, config, settings);
    }
  }

  private static Backend cuda(
      GgufFile file, ModelConfig config, EngineSettings settings, CudaSettings cuda) {
    SchedulerSettings batch = settings.batch();
    try {
      CudaBackend backend =
          CudaBackend.open(
              file,
              config,
              new CudaLimits(
                  settings.memory().kvBytes(),
                  settings.memory().blockTokens(),
                  batch.tokensPerStep(),
                  batch.maxSequences(),
                  true),
              cuda);
      LOG.log(
          Level.INFO,
          "computing on GPU {0}; products of many rows: {1}",
          backend.device(),
          backend.products());
      return backend;
    } catch (IllegalArgumentException e) {
      throw new EngineException(
          ErrorCode.CONFIGURATION_INVALID, "CUDA backend: " + e.getMessage(), e);
    }
  }

  private static Backend cpu(GgufFile file, ModelConfig config, EngineSettings settings) {
    SchedulerSettings batch = settings.batch();
    int blockTokens = settings.memory().blockTokens();
    long blockBytes = CpuBackend.kvBytesPerToken(config) * blockTokens;
    KvBudget budget = KvBudget.of(Machine.here(), file.sizeBytes(), blockBytes);
    int blocks = budget.blocks(settings, config.contextLength());
    int processors = Runtime.getRuntime().availableProcessors();
    int threads = settings.threads() == null ? processors : settings.threads();
    if (threads > processors) {
      throw new EngineException(
          ErrorCode.CONFIGURATION_INVALID,
          "%d threads asked for, but this process may use %d cores; lower the threads, or leave them out"
              .formatted(threads, processors));
    }
    KernelChoice kernels =
        KernelChoice.forWeights(
            file.tensors().stream().map(Tensor::type).collect(Collectors.toSet()));
    LOG.log(
        Level.INFO, () -> "kernels: %s (%s)".formatted(kernels.set().title(), kernels.reason()));
    try {
      return CpuBackend.open(
          file,
          config,
          new CpuSettings(
              threads, blocks, blockTokens, batch.tokensPerStep(), batch.maxSequences(), kernels));
    } catch (IllegalArgumentException e) {
      throw new EngineException(
          ErrorCode.CONFIGURATION_INVALID, "CPU backend: " + e.getMessage(), e);
    } catch (OutOfMemoryError e) {
      throw new EngineException(
          ErrorCode.CONFIGURATION_INVALID,
          "the machine refused %d MiB of KV memory (%d blocks); lower the engine's KV memory"
              .formatted(blocks * blockBytes >> 20, blocks),
          e);
    }
  }
}
