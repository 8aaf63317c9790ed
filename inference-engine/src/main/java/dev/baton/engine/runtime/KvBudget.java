package dev.baton.engine.runtime;

import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;

/**
 * How many KV blocks a machine has room for.
 *
 * @param modelBytes of the model file, which is mapped beside the KV memory
 * @param blockBytes of one KV block
 */
record KvBudget(Machine machine, long modelBytes, long blockBytes) {
  /** What the default pool holds, as far as memory allows: some system prompts and their chats. */
  private static final long DEFAULT_TOKENS = 32_768;

  /** Activations and buffers beside the pool, within the JVM's direct memory. */
  private static final long RESERVED_DIRECT_BYTES = 256L << 20;

  static KvBudget of(Machine machine, long modelBytes, long blockBytes) {
    return new KvBudget(machine, modelBytes, blockBytes);
  }

  /**
   * Blocks of the pool: as many as the settings say, else enough for {@value #DEFAULT_TOKENS}
   * tokens or two contexts, within a quarter of the machine's memory.
   *
   * @throws EngineException {@link ErrorCode#CONFIGURATION_INVALID} when they do not fit
   */
  int blocks(EngineSettings settings, int contextLength) {
    Long wanted = settings.memory().kvBytes();
    long bytes = wanted != null ? wanted : defaultBytes(settings, contextLength);
    if (bytes < blockBytes) {
      throw new EngineException(
          ErrorCode.CONFIGURATION_INVALID,
          "KV memory of %d bytes holds no block; this model's blocks take %d bytes, give it more"
              .formatted(bytes, blockBytes));
    }
    if (bytes + modelBytes > machine.memoryBytes()) {
      throw new EngineException(
          ErrorCode.CONFIGURATION_INVALID,
          ("the KV pool is larger than memory: %d MiB of KV and %d MiB of model do not fit the"
                  + " machine's %d MiB; lower the KV memory")
              .formatted(
                  mebibytes(bytes), mebibytes(modelBytes), mebibytes(machine.memoryBytes())));
    }
    if (bytes > machine.directBytes()) {
      throw new EngineException(
          ErrorCode.CONFIGURATION_INVALID,
          ("the KV pool of %d MiB is larger than the %d MiB that the JVM allows outside its heap;"
                  + " lower the KV memory, or raise -XX:MaxDirectMemorySize")
              .formatted(mebibytes(bytes), mebibytes(machine.directBytes())));
    }
    return (int) Math.min(bytes / blockBytes, Integer.MAX_VALUE / 2);
  }

  private long defaultBytes(EngineSettings settings, int contextLength) {
    int blockTokens = settings.memory().blockTokens();
    long tokens = Math.max(DEFAULT_TOKENS, 2L * contextLength);
    long wanted = Math.ceilDiv(tokens, blockTokens) * blockBytes;
    long direct =
        Math.max(machine.directBytes() / 2, machine.directBytes() - RESERVED_DIRECT_BYTES);
    return Math.min(wanted, Math.min(machine.memoryBytes() / 4, direct));
  }

  private static long mebibytes(long bytes) {
    return bytes >> 20;
  }
}
