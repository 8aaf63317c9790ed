package dev.baton.engine.backend.cuda;

import dev.baton.cuda.CudaEvent;
import dev.baton.cuda.CudaStream;
import dev.baton.cuda.DeviceArena;
import dev.baton.cuda.DeviceBuffer;
import dev.baton.cuda.Gpu;
import dev.baton.cuda.PinnedBuffer;
import dev.baton.cuda.RowKernels;
import dev.baton.cuda.WeightFormat;
import dev.baton.cuda.WeightMatrix;
import dev.baton.engine.tensor.Tensor;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;

/**
 * Brings weights from the model file to the GPU in slices through two pinned buffers: while one is
 * copied (and repacked on the GPU), the other is filled.
 */
final class WeightUpload {
  private static final Logger LOG = System.getLogger(WeightUpload.class.getName());
  private static final int SLICES = 2;
  private static final long SLICE_BYTES = 32L << 20;
  private static final int PROGRESS_STEPS = 10; // lines of a whole upload

  private final CudaStream stream;
  private final RowKernels kernels;
  private final DeviceArena arena;
  private final PinnedBuffer[] pinned = new PinnedBuffer[SLICES];
  private final DeviceBuffer[] raw = new DeviceBuffer[SLICES];
  private final CudaEvent[] copied = new CudaEvent[SLICES];
  private final long sliceBytes;
  private final long totalBytes;
  private long doneBytes;
  private int slice;

  /**
   * @param arena room for all weights, and for {@link #stagingBytes}
   * @param totalBytes of the file's weights, for progress
   */
  WeightUpload(
      Gpu gpu,
      CudaStream stream,
      RowKernels kernels,
      DeviceArena arena,
      long totalBytes,
      long largestBytes) {
    this.stream = stream;
    this.kernels = kernels;
    this.arena = arena;
    this.totalBytes = totalBytes;
    sliceBytes = sliceBytes(largestBytes);
    for (int i = 0; i < SLICES; i++) {
      pinned[i] = gpu.pin(sliceBytes);
      raw[i] = arena.take(sliceBytes);
      copied[i] = gpu.newEvent();
    }
  }

  private static long sliceBytes(long largestBytes) {
    return Math.min(SLICE_BYTES, Math.max(1, largestBytes));
  }

  /** Device memory that staging takes beside the weights. */
  static long stagingBytes(long largestBytes) {
    return SLICES * DeviceArena.aligned(sliceBytes(largestBytes));
  }

  static WeightFormat format(Tensor tensor) {
    return WeightFormat.valueOf(tensor.type().name());
  }

  static long deviceBytes(Tensor matrix) {
    return format(matrix).deviceBytes(matrix.rows(), matrix.columns());
  }

  WeightMatrix matrix(Tensor tensor) {
    WeightFormat format = format(tensor);
    WeightMatrix matrix =
        new WeightMatrix(format, arena.take(deviceBytes(tensor)), tensor.rows(), tensor.columns());
    long rowBytes = tensor.rowBytes();
    int rowsPerSlice = (int) Math.min(tensor.rows(), sliceBytes / rowBytes);
    if (rowsPerSlice == 0) {
      throw new IllegalArgumentException(
          "a row of '%s' takes %d bytes, more than a slice".formatted(tensor.name(), rowBytes));
    }
    for (int row = 0; row < tensor.rows(); row += rowsPerSlice) {
      int rows = Math.min(rowsPerSlice, tensor.rows() - row);
      int used = fill(tensor.data().asSlice(row * rowBytes, rows * rowBytes));
      if (format.packed()) {
        DeviceBuffer staged = raw[used].slice(0, rows * rowBytes);
        stream.copy(staged, pinned[used], 0);
        kernels.repack(stream, staged, matrix, row, rows);
      } else {
        stream.copy(matrix.data().slice(row * rowBytes, rows * rowBytes), pinned[used], 0);
      }
      copied[used].record(stream);
      progress(rows * rowBytes);
    }
    return matrix;
  }

  DeviceBuffer vector(float[] values) {
    DeviceBuffer buffer = arena.floats(values.length);
    MemorySegment all = MemorySegment.ofArray(values);
    for (long at = 0; at < all.byteSize(); at += sliceBytes) {
      long bytes = Math.min(sliceBytes, all.byteSize() - at);
      int used = fill(all.asSlice(at, bytes));
      stream.copy(buffer.slice(at, bytes), pinned[used], 0);
      copied[used].record(stream);
    }
    return buffer;
  }

  /** Fills the next pinned buffer, when its last copy is through. */
  private int fill(MemorySegment bytes) {
    int used = slice;
    slice = (slice + 1) % SLICES;
    copied[used].synchronize();
    MemorySegment.copy(bytes, 0, pinned[used].memory(), 0, bytes.byteSize());
    return used;
  }

  private void progress(long bytes) {
    if (totalBytes <= SLICE_BYTES) {
      return; // over before anybody could wonder
    }
    long before = doneBytes * PROGRESS_STEPS / totalBytes;
    doneBytes += bytes;
    long now = doneBytes * PROGRESS_STEPS / totalBytes;
    if (now > before) {
      LOG.log(
          Level.INFO,
          "weights on the GPU: %d of %d MiB".formatted(doneBytes >> 20, totalBytes >> 20));
    }
  }
}
