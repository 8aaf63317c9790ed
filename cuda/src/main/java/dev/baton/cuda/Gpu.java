package dev.baton.cuda;

import dev.baton.cuda.CudaDiscovery.CudaDevice;
import dev.baton.cuda.CudaDiscovery.Found;
import dev.baton.cuda.CudaDiscovery.Unavailable;
import java.util.function.Supplier;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUmodule;

/**
 * One GPU: its primary context, the thread that owns it, and all that was allocated on it, which
 * {@link #close} frees. Everything but {@link #call}, {@link #run} and {@link #close} belongs on
 * that thread.
 */
public final class Gpu implements AutoCloseable {
  /** CUDA 12.0: the oldest driver whose compiler takes the kernels' PTX. */
  static final int OLDEST_DRIVER = 12_000;

  /** Ampere: the oldest GPU with the kernels' instructions. */
  static final int OLDEST_CAPABILITY = 80;

  private final CudaSettings settings;
  private final CudaDevice description;
  private final int driverVersion;
  private final GpuThread thread;
  private final Releases releases = new Releases();
  private int multiprocessors;
  private boolean closed;

  private Gpu(CudaSettings settings, int driverVersion, CudaDevice description) {
    this.settings = settings;
    this.driverVersion = driverVersion;
    this.description = description;
    thread = new GpuThread(description.ordinal());
  }

  /** Why the GPU that the settings name can not be used here; empty when it can. */
  public static String unusable(CudaDiscovery discovery, CudaSettings settings) {
    return switch (discovery) {
      case Unavailable none -> none.reason();
      case Found found -> {
        if (settings.device() >= found.devices().size()) {
          yield "there is no GPU %d: this process sees %d"
              .formatted(settings.device(), found.devices().size());
        }
        CudaDevice device = found.devices().get(settings.device());
        if (found.driverVersion() < OLDEST_DRIVER) {
          yield "the NVIDIA driver is too old: it speaks CUDA %s, the kernels need %s (driver 525) or later"
              .formatted(version(found.driverVersion()), version(OLDEST_DRIVER));
        }
        yield device.computeCapability() < OLDEST_CAPABILITY
            ? "GPU %d (%s) has compute capability %.1f, the kernels need %.1f (Ampere) or later"
                .formatted(
                    device.ordinal(),
                    device.name(),
                    device.computeCapability() / 10.0,
                    OLDEST_CAPABILITY / 10.0)
            : "";
      }
    };
  }

  /** Why this build's kernels can not be loaded, as far as can be told without loading them. */
  public static String withoutKernels(CudaSettings settings) {
    return KernelModules.missing(settings.kernels());
  }

  static String version(int cuda) {
    return cuda / 1000 + "." + cuda % 1000 / 10;
  }

  /**
   * Opens a GPU.
   *
   * @throws CudaUnavailableException when there is none to open, with the reason
   * @throws CudaException when the driver fails
   */
  public static Gpu open(CudaSettings settings) {
    CudaDiscovery discovery = CudaDiscovery.discover(settings);
    String reason = unusable(discovery, settings);
    if (!reason.isEmpty() || !(discovery instanceof Found found)) {
      throw new CudaUnavailableException(reason);
    }
    Gpu gpu = new Gpu(settings, found.driverVersion(), found.devices().get(settings.device()));
    boolean opened = false;
    try {
      gpu.run(gpu::retainContext);
      opened = true;
    } finally {
      if (!opened) {
        gpu.close();
      }
    }
    return gpu;
  }

  private void retainContext() {
    CUdevice device = Driver.device(description.ordinal());
    CUcontext context = Driver.retainPrimaryContext(device);
    releases.push(() -> Driver.releasePrimaryContext(device));
    Driver.setCurrent(context);
    multiprocessors = Driver.multiprocessors(device);
  }

  public CudaDevice description() {
    return description;
  }

  public CudaSettings settings() {
    return settings;
  }

  /** CUDA's version that the driver speaks, 13000 for 13.0. */
  public int driverVersion() {
    return driverVersion;
  }

  public int multiprocessors() {
    return multiprocessors;
  }

  /** Runs work on the GPU's thread and waits for it; what it throws comes out here. */
  public <T> T call(Supplier<T> work) {
    return thread.call(work);
  }

  /** Like {@link #call}, without a result. */
  public void run(Runnable work) {
    thread.call(() -> {
      work.run();
      return true;
    });
  }

  public long freeBytes() {
    thread.requireCurrent();
    return Driver.freeBytes();
  }

  /**
   * Takes device memory in one piece.
   *
   * @param purpose what it is for, for errors
   */
  public DeviceArena allocate(long sizeBytes, String purpose) {
    thread.requireCurrent();
    long address;
    try {
      address = Driver.allocate(sizeBytes);
    } catch (CudaException e) {
      throw e.outOfMemory() ? outOfMemory(e, sizeBytes, purpose) : e;
    }
    releases.push(() -> Driver.free(address));
    return new DeviceArena(new DeviceBuffer(address, sizeBytes), purpose);
  }

  private CudaException outOfMemory(CudaException cause, long sizeBytes, String purpose) {
    CudaException worded =
        new CudaException(
            cause.code(),
            "GPU %d (%s) has no room for %s: %d MiB wanted, %d MiB are free of %d MiB"
                .formatted(
                    description.ordinal(),
                    description.name(),
                    purpose,
                    sizeBytes >> 20,
                    Driver.freeBytes() >> 20,
                    description.memoryBytes() >> 20));
    worded.initCause(cause);
    return worded;
  }

  /** Takes host memory that copies go through; up to 2 GiB. */
  public PinnedBuffer pin(long sizeBytes) {
    thread.requireCurrent();
    PinnedBuffer buffer = new PinnedBuffer(Driver.allocatePinned(sizeBytes), sizeBytes);
    releases.push(buffer::free);
    return buffer;
  }

  public CudaStream newStream() {
    thread.requireCurrent();
    CudaStream stream = new CudaStream(thread);
    releases.push(stream::destroy);
    return stream;
  }

  public CudaEvent newEvent() {
    thread.requireCurrent();
    CudaEvent event = new CudaEvent();
    releases.push(event::destroy);
    return event;
  }

  /** Records {@code work}, which may launch, copy and fill on the stream, but not wait for it. */
  public CudaGraph capture(CudaStream stream, Runnable work) {
    thread.requireCurrent();
    CudaGraph graph = new CudaGraph(stream, work);
    releases.push(graph::destroy);
    return graph;
  }

  CUmodule load(byte[] image) {
    thread.requireCurrent();
    CUmodule module = Driver.load(image);
    releases.push(() -> Driver.unload(module));
    return module;
  }

  /** Registers what is to be freed before all that was made earlier. */
  void onClose(Runnable release) {
    releases.push(release);
  }

  /**
   * Frees all that was made here, newest first, and the context. A failure does not keep the rest
   * from being freed; after a lost context there is nothing to free any more and no failure either.
   *
   * @throws CudaException the first failure, unless the context was lost
   */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      CudaException failure = thread.call(() -> releases.releaseTo(0));
      if (failure != null && !failure.sticky()) {
        throw failure;
      }
    } finally {
      thread.close();
    }
  }
}
