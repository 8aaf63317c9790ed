package dev.baton.engine.backend.cpu;

import dev.baton.engine.tensor.Tensor;
import dev.baton.engine.tensor.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Products by the kernels in C, on weights that are laid out for them when this is made: panels of
 * 16 rows ({@code panel.h}), in memory of their own. The file's pages are given back afterwards.
 *
 * <p>An output's bits depend on its row of activations and its weights only, not on the rows beside
 * it in a batch ({@code product.inc}).
 */
final class NativeLinear implements Linear {
  /** Rows of a panel. */
  private static final int PANEL = 16;

  /** Multiply-adds below which waking a second thread costs more than it saves. */
  private static final long SERIAL_WORK = 1 << 18;

  /** Multiply-adds that a worker takes at once: some ten microseconds. */
  private static final long GRAIN_WORK = 4 << 20;

  /** Bytes of weights that a worker takes at once at most. */
  private static final long GRAIN_BYTES = 1 << 18;

  private final NativeKernels kernels;
  private final Part[] parts;
  private final int inputs;
  private final int outputs;
  private final int panelCount;
  private final boolean quantised;
  private final boolean plain;

  private final ComputePool.RangeTask packingWords = this::packWords;
  private final ComputePool.RangeTask packingFloats = this::packFloats;
  private final ComputePool.RangeTask multiplying = this::multiplyPanels;
  private long x; // of the running product: activations
  private int rows;
  private long y; // its result

  /** One matrix: outputs [firstOutput, firstOutput + rows), panels [firstPanel, endPanel). */
  private record Part(
      Tensor weight, MemorySegment panels, int firstOutput, int rows, int firstPanel) {
    int endPanel() {
      return firstPanel + Math.ceilDiv(rows, PANEL);
    }

    TensorType type() {
      return weight.type();
    }
  }

  /**
   * Lays weights out, in parallel.
   *
   * @param weights matrices with the same inputs, side by side
   * @param arena owns the panels
   */
  NativeLinear(NativeKernels kernels, ComputePool pool, Arena arena, List<Tensor> weights) {
    this.kernels = kernels;
    parts = new Part[weights.size()];
    inputs = Linear.sharedInputs(weights);
    int output = 0;
    int panel = 0;
    for (int i = 0; i < parts.length; i++) {
      Tensor weight = weights.get(i);
      MemorySegment panels =
          NativeCalls.allocate(
              arena,
              Math.ceilDiv(weight.rows(), PANEL) * NativeCalls.panelBytes(weight.type(), inputs)
                  + NativeKernels.READ_AHEAD);
      parts[i] = new Part(weight, panels, output, weight.rows(), panel);
      output += weight.rows();
      panel = parts[i].endPanel();
    }
    outputs = output;
    panelCount = panel;
    quantised = weights.stream().anyMatch(weight -> weight.type().isQuantised());
    plain = weights.stream().anyMatch(weight -> !weight.type().isQuantised());
    pack(pool);
  }

  private void pack(ComputePool pool) {
    for (Part part : parts) {
      MemorySegment stored = part.weight().data();
      pool.parallelFor(
          Math.ceilDiv(part.rows(), PANEL),
          1,
          (worker, from, to) ->
              NativeCalls.pack(
                  part.type(),
                  stored.address(),
                  part.rows(),
                  inputs,
                  from,
                  to,
                  part.panels().address()));
      if (stored.isMapped()) {
        NativeCalls.drop(stored);
      }
    }
  }

  @Override
  public int inputs() {
    return inputs;
  }

  @Override
  public int outputs() {
    return outputs;
  }

  @Override
  public long bytes() {
    long bytes = 0;
    for (Part part : parts) {
      bytes += part.panels().byteSize() - NativeKernels.READ_AHEAD;
    }
    return bytes;
  }

  @Override
  public void multiply(ComputePool pool, MemorySegment x, int rows, MemorySegment y) {
    long from = Linear.address(x, rows, inputs, "x");
    long to = Linear.address(y, rows, outputs, "y");
    if (!parts[0].panels().scope().isAlive()) {
      throw new IllegalStateException(parts[0].weight().name() + ": the backend is closed");
    }
    int most = kernels.rowsAtOnce(inputs);
    for (int row = 0; row < rows; row += most) {
      this.x = from + (long) row * inputs * Float.BYTES;
      this.rows = Math.min(most, rows - row);
      this.y = to + (long) row * outputs * Float.BYTES;
      multiplySome(pool);
    }
  }

  private void multiplySome(ComputePool pool) {
    boolean serial = (long) outputs * inputs * rows < SERIAL_WORK;
    if (quantised) {
      packInput(pool, TensorType.Q8_0, packingWords, serial);
    }
    if (plain) {
      packInput(pool, TensorType.F32, packingFloats, serial);
    }
    long panelBytes = NativeCalls.panelBytes(parts[0].type(), inputs);
    long panelWork = (long) PANEL * inputs * rows;
    int grain =
        (int) Math.clamp(Math.min(GRAIN_WORK / panelWork, GRAIN_BYTES / panelBytes) & ~3, 4, 64);
    pool.parallelRuns(panelCount, serial ? panelCount : grain, multiplying);
  }

  private void packInput(
      ComputePool pool, TensorType type, ComputePool.RangeTask packing, boolean serial) {
    int units = (int) NativeCalls.inputUnits(kernels.set(), type, rows, inputs);
    pool.parallelFor(units, serial || rows <= 2 ? units : 1, packing);
  }

  private void packWords(int worker, int from, int to) {
    packUnits(TensorType.Q8_0, from, to);
  }

  private void packFloats(int worker, int from, int to) {
    packUnits(TensorType.F32, from, to);
  }

  private void packUnits(TensorType type, int from, int to) {
    long input = kernels.input(type.isQuantised());
    NativeCalls.packInput(kernels.set(), type, x, rows, inputs, from, to, input);
  }

  private void multiplyPanels(int worker, int from, int to) {
    for (Part part : parts) {
      int first = Math.max(from, part.firstPanel());
      int end = Math.min(to, part.endPanel());
      if (first < end) {
        NativeCalls.product(
            kernels.set(),
            part.type(),
            part.panels().address(),
            part.rows(),
            inputs,
            kernels.input(part.type().isQuantised()),
            rows,
            first - part.firstPanel(),
            end - part.firstPanel(),
            y + (long) part.firstOutput() * Float.BYTES,
            outputs);
      }
    }
  }
}
