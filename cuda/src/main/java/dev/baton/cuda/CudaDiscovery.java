package dev.baton.cuda;

import java.util.ArrayList;
import java.util.List;
import jcuda.driver.CUdevice;

/** What GPUs this machine has, or why none can be used. */
public sealed interface CudaDiscovery {

  /** GPUs were found; {@code driverVersion} is CUDA's, 13000 for 13.0. */
  record Found(int driverVersion, List<CudaDevice> devices) implements CudaDiscovery {
    public Found {
      devices = List.copyOf(devices);
    }
  }

  /** No GPU can be used; {@code reason} names the cause and what would help. */
  record Unavailable(String reason) implements CudaDiscovery {}

  /**
   * One GPU.
   *
   * @param computeCapability major × 10 + minor, 90 for Hopper
   * @param memoryBytes device memory in all
   */
  record CudaDevice(int ordinal, String name, int computeCapability, long memoryBytes) {}

  /** Asks the driver at its usual place. */
  static CudaDiscovery discover() {
    return discover(CudaSettings.DEFAULTS);
  }

  /** Asks the driver. */
  static CudaDiscovery discover(CudaSettings settings) {
    String missing = DriverLibrary.load(settings.driver());
    if (missing != null) {
      return new Unavailable(missing);
    }
    try {
      Driver.initialise();
      int count = Driver.deviceCount();
      if (count == 0) {
        return new Unavailable("the NVIDIA driver is there, but shows no GPU to this process");
      }
      List<CudaDevice> devices = new ArrayList<>();
      for (int ordinal = 0; ordinal < count; ordinal++) {
        CUdevice device = Driver.device(ordinal);
        devices.add(
            new CudaDevice(
                ordinal,
                Driver.name(device),
                Driver.computeCapability(device),
                Driver.memoryBytes(device)));
      }
      return new Found(Driver.version(), devices);
    } catch (CudaException e) {
      return new Unavailable("the NVIDIA driver refused to start: " + e.getMessage());
    }
  }
}
