package dev.baton.cuda;

/**
 * Work of a GPU in order: copies, fills, launches. All but {@link #synchronize} return before the
 * work is done. Used on the GPU's thread.
 */
public final class CudaStream {
  private final Driver.Stream stream;
  private final GpuThread thread;

  CudaStream(GpuThread thread) {
    this.thread = thread;
    stream = Driver.newStream();
  }

  /** Copies {@code to.sizeBytes()} bytes from {@code from[offset ..]}. */
  public void copy(DeviceBuffer to, PinnedBuffer from, long offset) {
    thread.requireCurrent();
    long size = to.sizeBytes();
    Driver.copyToDevice(to.address(), from.pointer(offset, size), offset, size, stream);
  }

  /** Copies {@code from.sizeBytes()} bytes to {@code to[offset ..]}. */
  public void copy(PinnedBuffer to, long offset, DeviceBuffer from) {
    thread.requireCurrent();
    long size = from.sizeBytes();
    Driver.copyToHost(to.pointer(offset, size), offset, from.address(), size, stream);
  }

  public void copy(DeviceBuffer to, DeviceBuffer from) {
    thread.requireCurrent();
    to.require(from.sizeBytes(), "copy");
    Driver.copyOnDevice(to.address(), from.address(), from.sizeBytes(), stream);
  }

  public void clear(DeviceBuffer buffer) {
    thread.requireCurrent();
    Driver.fill(buffer.address(), (byte) 0, buffer.sizeBytes(), stream);
  }

  /**
   * Waits until all work is done.
   *
   * @throws CudaException also for a failure of earlier work, a kernel's illegal address say
   */
  public void synchronize() {
    thread.requireCurrent();
    Driver.synchronize(stream);
  }

  Driver.Stream driverStream() {
    thread.requireCurrent();
    return stream;
  }

  void destroy() {
    Driver.destroy(stream);
  }
}
