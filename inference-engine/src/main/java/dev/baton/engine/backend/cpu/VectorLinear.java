package dev.baton.engine.backend.cpu;

import static dev.baton.engine.backend.cpu.ProductScratch.CHUNK;
import static dev.baton.engine.backend.cpu.ProductScratch.PANEL_ROWS;
import static dev.baton.engine.backend.cpu.ProductScratch.STRIDE;

import dev.baton.engine.tensor.Tensor;
import dev.baton.engine.tensor.TensorType;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;

/**
 * Products with the Vector API, exact to f32 rounding.
 *
 * <p>Implementation note. Weights stay where the file is mapped, in its layout. One row of
 * activations is multiplied straight from the stored blocks ({@link RowDot}). For more, workers
 * take panels of weight rows; a panel is decoded chunk by chunk of columns and multiplied with all
 * packed rows of activations ({@link ProductTile}), so that weights are read from memory and
 * decoded once for some hundreds of rows.
 */
final class VectorLinear implements Linear {
  /** Multiply-adds below which waking a second thread costs more than it saves. */
  private static final long SERIAL_WORK = 1 << 17;

  /** Bytes of weights that a worker takes at once. */
  private static final long GRAIN_BYTES = 1 << 16;

  private static final int PACK_GRAIN = 8;

  /** Rows of activations whose chunk stays in the L1 cache while a panel passes by. */
  private static final int BLOCK_ROWS = 8;

  private final Part[] parts;
  private final int inputs;
  private final int outputs;

  /** Rows [firstOutput, firstOutput + rows) of the layer, at one address. */
  private record Part(Tensor weight, long address, long rowBytes, int firstOutput, int rows) {
    TensorType type() {
      return weight.type();
    }
  }

  private VectorLinear(List<Tensor> weights) {
    parts = new Part[weights.size()];
    inputs = Linear.sharedInputs(weights);
    int output = 0;
    for (int i = 0; i < parts.length; i++) {
      Tensor weight = weights.get(i);
      if (!weight.data().isNative()) {
        throw new IllegalArgumentException(weight.name() + " must lie off the heap");
      }
      parts[i] =
          new Part(weight, weight.data().address(), weight.rowBytes(), output, weight.rows());
      output += weight.rows();
    }
    outputs = output;
  }

  /** A layer of one weight matrix, [N rows, K columns]. */
  static VectorLinear of(Tensor weight) {
    return new VectorLinear(List.of(weight));
  }

  /** Outputs of several matrices with the same inputs, one after the other. */
  static VectorLinear concatenated(List<Tensor> weights) {
    return new VectorLinear(weights);
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
      bytes += part.weight().data().byteSize();
    }
    return bytes;
  }

  @Override
  public void multiply(ComputePool pool, MemorySegment x, int rows, MemorySegment y) {
    long from = Linear.address(x, rows, inputs, "x");
    long to = Linear.address(y, rows, outputs, "y");
    for (Part part : parts) {
      if (!part.weight().data().scope().isAlive()) {
        throw new IllegalStateException(part.weight().name() + ": its model file is closed");
      }
    }
    if (rows == 1 && supportsRowDot()) {
      multiplyRow(pool, from, to);
      return;
    }
    int packedRows = ProductScratch.packedRows(inputs);
    for (int row = 0; row < rows; row += packedRows) {
      multiplyPacked(
          pool,
          from + (long) row * inputs * Float.BYTES,
          Math.min(packedRows, rows - row),
          to + (long) row * outputs * Float.BYTES);
    }
  }

  private boolean supportsRowDot() {
    for (Part part : parts) {
      if (!RowDot.supports(part.type(), inputs)) {
        return false;
      }
    }
    return true;
  }

  private void multiplyRow(ComputePool pool, long x, long y) {
    ProductScratch scratch = pool.scratch();
    WeightDecoder.decode(TensorType.F32, x, inputs, scratch.memory(), scratch.activations());
    int grain = outputs;
    if ((long) outputs * inputs >= SERIAL_WORK) {
      grain = (int) Math.clamp(GRAIN_BYTES / parts[0].rowBytes(), 4, 1024);
    }
    pool.parallelFor(
        outputs,
        grain,
        (worker, from, to) -> {
          for (Part part : parts) {
            int first = Math.max(from, part.firstOutput());
            int rows = Math.min(to, part.firstOutput() + part.rows()) - first;
            if (rows > 0) {
              long weights = part.address() + (first - part.firstOutput()) * part.rowBytes();
              RowDot.rows(
                  part.type(),
                  weights,
                  rows,
                  inputs,
                  scratch.memory(),
                  scratch.activations(),
                  y + first * 4L);
            }
          }
        });
  }

  private void multiplyPacked(ComputePool pool, long x, int rows, long y) {
    ProductScratch scratch = pool.scratch();
    int padded = Lanes.roundUp(rows, ProductTile.ROWS);
    boolean serial = (long) outputs * inputs * rows < SERIAL_WORK;
    pool.parallelFor(
        padded,
        serial || padded <= 2 * PACK_GRAIN ? padded : PACK_GRAIN,
        (worker, from, to) -> pack(scratch, x, rows, from, to, padded));
    int panel = PANEL_ROWS;
    if (outputs < PANEL_ROWS * 4 * pool.threads()) {
      panel =
          Math.clamp(
              Lanes.roundUp(outputs / (4 * pool.threads()), ProductTile.COLUMNS), 10, PANEL_ROWS);
    }
    pool.parallelFor(
        outputs,
        serial ? outputs : panel,
        (worker, from, to) -> {
          // Decoded weights that no second block of rows will use need not leave the L1 cache.
          int step = padded > BLOCK_ROWS ? PANEL_ROWS : ProductTile.COLUMNS;
          for (int at = from; at < to; at += step) {
            multiplyPanel(scratch, worker, at, Math.min(at + step, to), rows, padded, y);
          }
        });
  }

  /** Copies rows [from, to) of x into chunks; rows from {@code rows} on become zeros. */
  private void pack(ProductScratch scratch, long x, int rows, int from, int to, int padded) {
    float[] memory = scratch.memory();
    for (int row = from; row < to; row++) {
      for (int chunk = 0; chunk < ProductScratch.chunks(inputs); chunk++) {
        int columns = Math.min(CHUNK, inputs - chunk * CHUNK);
        int target = scratch.activations() + (chunk * padded + row) * STRIDE;
        if (row < rows) {
          long source = x + ((long) row * inputs + (long) chunk * CHUNK) * Float.BYTES;
          WeightDecoder.decode(TensorType.F32, source, columns, memory, target);
        } else {
          Arrays.fill(memory, target, target + STRIDE, 0);
        }
      }
    }
  }

  /** Outputs [from, to), at most {@link ProductScratch#PANEL_ROWS}, of all packed rows. */
  private void multiplyPanel(
      ProductScratch scratch, int worker, int from, int to, int rows, int padded, long y) {
    float[] memory = scratch.memory();
    int weights = scratch.weights(worker);
    int tile = scratch.tile(worker);
    for (int chunk = 0; chunk < ProductScratch.chunks(inputs); chunk++) {
      int columns = Math.min(CHUNK, inputs - chunk * CHUNK);
      for (int output = from; output < to; output++) {
        decode(output, chunk * CHUNK, columns, memory, weights + (output - from) * STRIDE);
      }
      int x = scratch.activations() + chunk * padded * STRIDE;
      int tileLength = Lanes.roundUp(columns, Lanes.COUNT);
      for (int block = 0; block < padded; block += BLOCK_ROWS) {
        int blockEnd = Math.min(padded, block + BLOCK_ROWS);
        for (int output = from; output < to; output += ProductTile.COLUMNS) {
          int w = weights + (output - from) * STRIDE;
          int tileColumns = Math.min(ProductTile.COLUMNS, to - output);
          for (int row = block; row < blockEnd; row += ProductTile.ROWS) {
            ProductTile.multiply(memory, x + row * STRIDE, w, tileLength, tile);
            int tileRows = Math.min(ProductTile.ROWS, rows - row);
            long target = y + ((long) row * outputs + output) * Float.BYTES;
            addTile(memory, tile, tileRows, tileColumns, target, chunk == 0);
          }
        }
      }
    }
  }

  private void decode(int output, int column, int columns, float[] memory, int to) {
    for (Part part : parts) {
      int row = output - part.firstOutput();
      if (row < part.rows()) {
        long at = part.address() + row * part.rowBytes() + part.type().sizeBytes(column);
        WeightDecoder.decode(part.type(), at, columns, memory, to);
        return;
      }
    }
    throw new IndexOutOfBoundsException("output " + output + " of " + outputs);
  }

  private void addTile(float[] memory, int tile, int rows, int columns, long y, boolean first) {
    for (int r = 0; r < rows; r++) {
      long target = y + (long) r * outputs * Float.BYTES;
      int source = tile + r * ProductTile.COLUMNS;
      for (int c = 0; c < columns; c++) {
        float sum = memory[source + c];
        NativeMemory.put(first ? sum : NativeMemory.number(target + c * 4L) + sum, target + c * 4L);
      }
    }
  }
}
