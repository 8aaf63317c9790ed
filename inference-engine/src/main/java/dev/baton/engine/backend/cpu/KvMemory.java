package dev.baton.engine.backend.cpu;

import dev.baton.engine.backend.KvLayout;
import dev.baton.engine.model.ModelConfig;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import java.util.Random;

/**
 * The pool of KV blocks: one piece of memory, zero and resident at start.
 *
 * <pre>
 * [block][layer][kvHead] { keys [paddedDim][blockTokens] f32, values [blockTokens][paddedDim] f32 }
 * </pre>
 *
 * <p>Keys lie transposed, so that scores and weighted values are the same product in the same
 * direction: a small matrix of queries (or probabilities), element by element, times rows of
 * consecutive keys (or value elements). All that one head reads of a block is one contiguous run.
 * {@code paddedDim} is headDim rounded up to {@link Lanes#PANEL}; the padding stays zero.
 */
final class KvMemory {
  private static final int RANDOM_RUN = 1 << 12; // drawing every value would take minutes

  private static final int SMALLEST_PAGE = 4096;

  private final MemorySegment memory;
  private final int blockCount;
  private final int blockTokens;
  private final int layerCount;
  private final int kvHeadCount;
  private final int headDim;
  private final int paddedDim;
  private final long headBytes;
  private final long blockBytes;

  KvMemory(KernelSet set, Arena arena, ModelConfig config, int blockCount, int blockTokens) {
    if (blockTokens % Lanes.PANEL != 0) {
      throw new IllegalArgumentException(
          "blocks of %d tokens: this machine's vectors need a multiple of %d"
              .formatted(blockTokens, Lanes.PANEL));
    }
    this.blockCount = blockCount;
    this.blockTokens = blockTokens;
    layerCount = config.layerCount();
    kvHeadCount = config.kvHeadCount();
    headDim = config.headDim();
    paddedDim = Lanes.roundUp(headDim, Lanes.PANEL);
    headBytes = 2L * blockTokens * paddedDim * Float.BYTES;
    blockBytes = headBytes * kvHeadCount * layerCount;
    long bytes = Math.multiplyExact(blockBytes, blockCount);
    memory = set.allocate(arena, bytes);
    if (set.isNative()) {
      touch(memory); // so that memory which is not there is missed now
    }
  }

  /** The system zeroes pages as they are touched; to write all of them again would hold up all. */
  private static void touch(MemorySegment zeroed) {
    for (long at = 0; at < zeroed.byteSize(); at += SMALLEST_PAGE) {
      zeroed.set(ValueLayout.JAVA_BYTE, at, (byte) 0);
    }
  }

  static long bytesPerToken(ModelConfig config) {
    int paddedDim = Lanes.roundUp(config.headDim(), Lanes.PANEL);
    return 2L * paddedDim * Float.BYTES * config.kvHeadCount() * config.layerCount();
  }

  KvLayout layout() {
    return new KvLayout(blockCount, blockTokens, blockBytes / blockTokens);
  }

  MemorySegment memory() {
    return memory;
  }

  int blockTokens() {
    return blockTokens;
  }

  /** Row stride of values, in elements. */
  int paddedDim() {
    return paddedDim;
  }

  /** Address of the transposed keys of one head of a block. */
  long keysAddress(int layer, int block, int kvHead) {
    return memory.address() + keysAt(layer, block, kvHead);
  }

  /** Address of the values of one head of a block. */
  long valuesAddress(int layer, int block, int kvHead) {
    return keysAddress(layer, block, kvHead) + headBytes / 2;
  }

  /** Bytes from a block's start to the keys of one head. */
  long headAt(int layer, int kvHead) {
    return ((long) layer * kvHeadCount + kvHead) * headBytes;
  }

  private long keysAt(int layer, int block, int kvHead) {
    Objects.checkIndex(block, blockCount);
    return block * blockBytes + headAt(layer, kvHead);
  }

  /**
   * Writes one token's key and value of one head.
   *
   * @param token place in the block
   * @param key {@code [headDim]} from {@code keyFrom}
   * @param value {@code [headDim]} from {@code valueFrom}
   */
  void write(
      int layer,
      int block,
      int kvHead,
      int token,
      float[] key,
      int keyFrom,
      float[] value,
      int valueFrom) {
    long keyAt = keysAt(layer, block, kvHead) + (long) token * Float.BYTES;
    for (int i = 0; i < headDim; i++) {
      memory.set(
          ValueLayout.JAVA_FLOAT, keyAt + (long) i * blockTokens * Float.BYTES, key[keyFrom + i]);
    }
    long valueAt =
        keysAt(layer, block, kvHead) + headBytes / 2 + (long) token * paddedDim * Float.BYTES;
    MemorySegment.copy(value, valueFrom, memory, ValueLayout.JAVA_FLOAT, valueAt, headDim);
  }

  /** Writes normally distributed keys and values, for benchmarks: as many bits as real ones. */
  void fillRandomly(int block, long seed) {
    Random random = new Random(seed * blockCount + block);
    float[] run = new float[RANDOM_RUN + headDim];
    for (int i = 0; i < run.length; i++) {
      run[i] = (float) random.nextGaussian();
    }
    for (int layer = 0; layer < layerCount; layer++) {
      for (int head = 0; head < kvHeadCount; head++) {
        for (int token = 0; token < blockTokens; token++) {
          write(
              layer,
              block,
              head,
              token,
              run,
              random.nextInt(RANDOM_RUN),
              run,
              random.nextInt(RANDOM_RUN));
        }
      }
    }
  }

  /** Overwrites blocks with zeros. */
  void clear(int[] blocks) {
    for (int block : blocks) {
      Objects.checkIndex(block, blockCount);
      memory.asSlice(block * blockBytes, blockBytes).fill((byte) 0);
    }
  }
}
