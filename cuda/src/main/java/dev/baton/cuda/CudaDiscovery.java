package dev.baton.cuda;

import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import jcuda.driver.CUdevice;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/**
 * What GPUs this machine has, or why it has none.
 *
 * <p>JCuda's driver class links libcuda when it is initialised and throws a {@link LinkageError}
 * where there is none; every later touch of the class then fails differently. So the first touch
 * happens here, once, and its outcome is kept.
 */
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

  /** Asks the driver, the first time; the answer stays the same for the life of the process. */
  static CudaDiscovery discover() {
    return Probe.RESULT;
  }

  /** Holds the one result, computed when first asked for. */
  final class Probe {
    private static final CudaDiscovery RESULT = probe();

    private Probe() {}

    private static CudaDiscovery probe() {
      try {
        return ask();
      } catch (LinkageError e) {
        return new Unavailable(
            "no NVIDIA driver: libcuda.so.1 can not be loaded. Install the NVIDIA driver, or start "
                + "the container with the NVIDIA runtime");
      }
    }

    private static CudaDiscovery ask() {
      JCudaDriver.setExceptionsEnabled(false);
      int status = JCudaDriver.cuInit(0);
      if (status != CUresult.CUDA_SUCCESS) {
        return new Unavailable("the NVIDIA driver refused to start: " + CUresult.stringFor(status));
      }
      int[] value = new int[1];
      JCudaDriver.cuDriverGetVersion(value);
      int driverVersion = value[0];
      status = JCudaDriver.cuDeviceGetCount(value);
      if (status != CUresult.CUDA_SUCCESS || value[0] == 0) {
        return new Unavailable("the NVIDIA driver is there, but shows no GPU to this process");
      }
      List<CudaDevice> devices = new ArrayList<>();
      for (int ordinal = 0; ordinal < value[0]; ordinal++) {
        devices.add(describe(ordinal));
      }
      return new Found(driverVersion, devices);
    }

    private static CudaDevice describe(int ordinal) {
      CUdevice device = new CUdevice();
      JCudaDriver.cuDeviceGet(device, ordinal);
      byte[] name = new byte[128];
      JCudaDriver.cuDeviceGetName(name, name.length, device);
      int[] major = new int[1];
      int[] minor = new int[1];
      JCudaDriver.cuDeviceGetAttribute(major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, device);
      JCudaDriver.cuDeviceGetAttribute(minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, device);
      long[] memoryBytes = new long[1];
      JCudaDriver.cuDeviceTotalMem(memoryBytes, device);
      int length = 0;
      while (length < name.length && name[length] != 0) {
        length++;
      }
      return new CudaDevice(
          ordinal,
          new String(name, 0, length, StandardCharsets.UTF_8),
          major[0] * 10 + minor[0],
          memoryBytes[0]);
    }
  }
}
