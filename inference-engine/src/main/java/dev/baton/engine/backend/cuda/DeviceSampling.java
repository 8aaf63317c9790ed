package dev.baton.engine.backend.cuda;

import dev.baton.cuda.CudaStream;
import dev.baton.cuda.DeviceArena;
import dev.baton.cuda.DeviceBuffer;
import dev.baton.cuda.Gpu;
import dev.baton.cuda.PinnedBuffer;
import dev.baton.cuda.SampleKernel;
import dev.baton.engine.SamplingParameters;
import dev.baton.engine.sampling.Draw;
import dev.baton.engine.sampling.SampledToken;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Chooses the tokens of a step on the GPU, so that 16 bytes a row come back and not its logits.
 *
 * <p>Left to the host, by their logits: rows without a draw; with more penalties or biases than
 * there is room for; too near a border between two tokens for sums in single precision; and those
 * whose logits are no distribution, which the host has the words for.
 *
 * <pre>
 * host: [0, seenIds) rows · [seenIds, seenCounts) · [seenCounts, biasIds) · [biasIds, biases) · [biases, sampled)
 * · [sampled, end) what the kernel chose; but for the last, the device has the same
 * </pre>
 */
final class DeviceSampling {
  /** Tokens under penalties, of all rows together. */
  private static final int SEEN = 1 << 16;

  /** Tokens with a bias, of all rows together. */
  private static final int BIASES = 1 << 14;

  /** Beyond it, exp((logit - max) / temperature) is 0 for all but the greatest. */
  private static final double MAX_INVERSE_TEMPERATURE = 1e30;

  private final SampleKernel kernel;
  private final int vocabSize;
  private final boolean[] taken; // by row: the kernel chooses
  private final PinnedBuffer host;
  private final MemorySegment memory;
  private final long seenIds;
  private final long seenCounts;
  private final long biasIds;
  private final long biases;
  private final long sampled;
  private final SampleKernel.Choices choices;
  private final DeviceBuffer tokensOnDevice;
  private final DeviceBuffer idsOnDevice;
  private int rows;
  private int seen;
  private int biased;

  DeviceSampling(Gpu gpu, DeviceArena arena, SampleKernel kernel, int maxRows, int vocabSize) {
    this.kernel = kernel;
    this.vocabSize = vocabSize;
    taken = new boolean[maxRows];
    seenIds = (long) maxRows * SampleKernel.ROW_BYTES;
    seenCounts = seenIds + (long) SEEN * Integer.BYTES;
    biasIds = seenCounts + (long) SEEN * Integer.BYTES;
    biases = biasIds + (long) BIASES * Integer.BYTES;
    sampled = biases + (long) BIASES * Float.BYTES;
    host = gpu.pin(sampled + (long) maxRows * SampleKernel.TOKEN_BYTES);
    memory = host.memory();
    long[] sizes = sizes(maxRows);
    choices =
        new SampleKernel.Choices(
            arena.take(sizes[0]),
            arena.take(sizes[1]),
            arena.take(sizes[2]),
            arena.take(sizes[3]),
            arena.take(sizes[4]),
            arena.take(sizes[5]),
            arena.take(sizes[6]));
    tokensOnDevice = arena.take(sizes[7]);
    idsOnDevice = arena.take(sizes[8]);
  }

  /** Bytes of each buffer on the device. */
  static long[] sizes(int maxRows) {
    return new long[] {
      (long) maxRows * SampleKernel.ROW_BYTES,
      (long) SEEN * Integer.BYTES,
      (long) SEEN * Integer.BYTES,
      (long) SEEN * Float.BYTES,
      (long) BIASES * Integer.BYTES,
      (long) BIASES * Float.BYTES,
      (long) BIASES * Float.BYTES,
      (long) maxRows * SampleKernel.TOKEN_BYTES,
      (long) maxRows * Integer.BYTES,
    };
  }

  /**
   * Puts the choice of a step's tokens on the stream.
   *
   * @param draws by row; null where the host chooses
   */
  void choose(
      CudaStream stream, List<@Nullable Draw> draws, DeviceBuffer logits, DeviceBuffer rowCount) {
    rows = draws.size();
    seen = 0;
    biased = 0;
    boolean any = false;
    for (int row = 0; row < rows; row++) {
      taken[row] = put(row, draws.get(row));
      any |= taken[row];
    }
    if (!any) {
      return;
    }
    upload(stream, choices.rows(), 0, (long) rows * SampleKernel.ROW_BYTES);
    upload(stream, choices.seenIds(), seenIds, (long) seen * Integer.BYTES);
    upload(stream, choices.seenCounts(), seenCounts, (long) seen * Integer.BYTES);
    upload(stream, choices.biasIds(), biasIds, (long) biased * Integer.BYTES);
    upload(stream, choices.biases(), biases, (long) biased * Float.BYTES);
    kernel.choose(stream, logits, choices, tokensOnDevice, idsOnDevice, rowCount, rows, vocabSize);
    stream.copy(host, sampled, tokensOnDevice.slice(0, (long) rows * SampleKernel.TOKEN_BYTES));
  }

  private void upload(CudaStream stream, DeviceBuffer to, long from, long bytes) {
    if (bytes > 0) {
      stream.copy(to.slice(0, bytes), host, from);
    }
  }

  /** Lays out a row, a greedy one for the host's; false when it is the host's. */
  private boolean put(int row, @Nullable Draw draw) {
    long at = (long) row * SampleKernel.ROW_BYTES;
    memory.asSlice(at, SampleKernel.ROW_BYTES).fill((byte) 0);
    if (draw == null
        || draw.seenCount() > SEEN - seen
        || draw.biasCount() > BIASES - biased
        || inverseTemperature(draw.parameters()) > MAX_INVERSE_TEMPERATURE) {
      return false;
    }
    SamplingParameters p = draw.parameters();
    memory.set(ValueLayout.JAVA_DOUBLE, at, draw.uniform());
    memory.set(ValueLayout.JAVA_DOUBLE, at + 8, Math.log(p.minP()));
    memory.set(ValueLayout.JAVA_DOUBLE, at + 16, p.repetitionPenalty());
    memory.set(ValueLayout.JAVA_DOUBLE, at + 24, p.frequencyPenalty());
    memory.set(ValueLayout.JAVA_DOUBLE, at + 32, p.presencePenalty());
    memory.set(ValueLayout.JAVA_FLOAT, at + 40, (float) inverseTemperature(p));
    memory.set(ValueLayout.JAVA_FLOAT, at + 44, (float) p.topP());
    memory.set(ValueLayout.JAVA_INT, at + 48, p.topK());
    memory.set(ValueLayout.JAVA_INT, at + 52, seen);
    for (int i = 0; i < draw.seenCount(); i++, seen++) {
      memory.set(ValueLayout.JAVA_INT, seenIds + 4L * seen, draw.seenId(i));
      memory.set(ValueLayout.JAVA_INT, seenCounts + 4L * seen, draw.occurrences(i));
    }
    memory.set(ValueLayout.JAVA_INT, at + 56, seen);
    memory.set(ValueLayout.JAVA_INT, at + 60, biased);
    for (int i = 0; i < draw.biasCount(); i++, biased++) {
      memory.set(ValueLayout.JAVA_INT, biasIds + 4L * biased, draw.biasId(i));
      memory.set(ValueLayout.JAVA_FLOAT, biases + 4L * biased, draw.bias(i));
    }
    memory.set(ValueLayout.JAVA_INT, at + 64, biased);
    return true;
  }

  private static double inverseTemperature(SamplingParameters parameters) {
    return parameters.temperature() == 0 ? 0 : 1 / parameters.temperature();
  }

  /** Whether the kernel chooses a row's token. */
  boolean takes(int row) {
    return row < rows && taken[row];
  }

  /** What was chosen, once the stream has been waited for; null when the host is to choose. */
  @Nullable SampledToken token(int row) {
    if (!takes(row)) {
      return null;
    }
    long at = sampled + (long) row * SampleKernel.TOKEN_BYTES;
    int id = memory.get(ValueLayout.JAVA_INT, at);
    boolean unsure = memory.get(ValueLayout.JAVA_INT, at + 12) != 0;
    return id < 0 || unsure
        ? null
        : new SampledToken(
            id,
            memory.get(ValueLayout.JAVA_FLOAT, at + 4),
            memory.get(ValueLayout.JAVA_FLOAT, at + 8),
            List.of());
  }
}
