package dev.baton.cuda;

import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT;
import static jcuda.driver.CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUevent;
import jcuda.driver.CUfunction;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.JCudaDriver;

/**
 * The calls of the CUDA driver that Baton makes, each checked: the only class that calls JCuda.
 *
 * <p>Device addresses are longs. Host memory is always native: JCuda would hand on the address of a
 * Java array, which the collector may move while an asynchronous copy runs.
 */
final class Driver {
  private static final int NON_BLOCKING = 1; // does not wait for the default stream
  private static final int CAPTURE_THREAD_LOCAL = 1;

  private Driver() {}

  /** A stream whose handle can be given to other libraries. */
  static final class Stream extends CUstream {
    long handle() {
      return getNativePointer();
    }
  }

  /** A device address, as JCuda wants it. */
  private static final class Address extends CUdeviceptr {
    private Address() {}

    private Address(Address zero, long address) {
      super(zero, address);
    }

    static Address of(long address) {
      return new Address(new Address(), address);
    }

    long value() {
      return getNativePointer();
    }
  }

  // ---- devices and their context

  static void initialise() {
    check(JCudaDriver.cuInit(0), "cuInit");
  }

  /** CUDA's version that the driver speaks, 13000 for 13.0. */
  static int version() {
    int[] version = new int[1];
    check(JCudaDriver.cuDriverGetVersion(version), "cuDriverGetVersion");
    return version[0];
  }

  static int deviceCount() {
    int[] count = new int[1];
    check(JCudaDriver.cuDeviceGetCount(count), "cuDeviceGetCount");
    return count[0];
  }

  static CUdevice device(int ordinal) {
    CUdevice device = new CUdevice();
    check(JCudaDriver.cuDeviceGet(device, ordinal), "cuDeviceGet");
    return device;
  }

  static String name(CUdevice device) {
    byte[] name = new byte[128];
    check(JCudaDriver.cuDeviceGetName(name, name.length, device), "cuDeviceGetName");
    int length = 0;
    while (length < name.length && name[length] != 0) {
      length++;
    }
    return new String(name, 0, length, StandardCharsets.UTF_8);
  }

  /** Major × 10 + minor, 90 for Hopper. */
  static int computeCapability(CUdevice device) {
    return attribute(device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR) * 10
        + attribute(device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
  }

  static int multiprocessors(CUdevice device) {
    return attribute(device, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
  }

  private static int attribute(CUdevice device, int attribute) {
    int[] value = new int[1];
    check(JCudaDriver.cuDeviceGetAttribute(value, attribute, device), "cuDeviceGetAttribute");
    return value[0];
  }

  static long memoryBytes(CUdevice device) {
    long[] bytes = new long[1];
    check(JCudaDriver.cuDeviceTotalMem(bytes, device), "cuDeviceTotalMem");
    return bytes[0];
  }

  /** The context that libraries share, cuBLAS among them. */
  static CUcontext retainPrimaryContext(CUdevice device) {
    CUcontext context = new CUcontext();
    check(JCudaDriver.cuDevicePrimaryCtxRetain(context, device), "cuDevicePrimaryCtxRetain");
    return context;
  }

  static void releasePrimaryContext(CUdevice device) {
    check(JCudaDriver.cuDevicePrimaryCtxRelease(device), "cuDevicePrimaryCtxRelease");
  }

  /** For the calling thread. */
  static void setCurrent(CUcontext context) {
    check(JCudaDriver.cuCtxSetCurrent(context), "cuCtxSetCurrent");
  }

  // ---- memory

  static long freeBytes() {
    long[] free = new long[1];
    long[] total = new long[1];
    check(JCudaDriver.cuMemGetInfo(free, total), "cuMemGetInfo");
    return free[0];
  }

  static long allocate(long sizeBytes) {
    Address address = new Address();
    check(JCudaDriver.cuMemAlloc(address, sizeBytes), "cuMemAlloc");
    return address.value();
  }

  static void free(long address) {
    check(JCudaDriver.cuMemFree(Address.of(address)), "cuMemFree");
  }

  static Pointer allocatePinned(long sizeBytes) {
    Pointer pointer = new Pointer();
    check(JCudaDriver.cuMemHostAlloc(pointer, sizeBytes, 0), "cuMemHostAlloc");
    return pointer;
  }

  static void freePinned(Pointer pointer) {
    check(JCudaDriver.cuMemFreeHost(pointer), "cuMemFreeHost");
  }

  static ByteBuffer view(Pointer pinned, long sizeBytes) {
    return pinned.getByteBuffer(0, sizeBytes).order(ByteOrder.nativeOrder());
  }

  static void copyToDevice(long to, Pointer pinned, long from, long sizeBytes, Stream stream) {
    check(
        JCudaDriver.cuMemcpyHtoDAsync(
            Address.of(to), pinned.withByteOffset(from), sizeBytes, stream),
        "cuMemcpyHtoDAsync");
  }

  static void copyToHost(Pointer pinned, long to, long from, long sizeBytes, Stream stream) {
    check(
        JCudaDriver.cuMemcpyDtoHAsync(
            pinned.withByteOffset(to), Address.of(from), sizeBytes, stream),
        "cuMemcpyDtoHAsync");
  }

  static void copyOnDevice(long to, long from, long sizeBytes, Stream stream) {
    check(
        JCudaDriver.cuMemcpyDtoDAsync(Address.of(to), Address.of(from), sizeBytes, stream),
        "cuMemcpyDtoDAsync");
  }

  static void fill(long to, byte value, long sizeBytes, Stream stream) {
    check(JCudaDriver.cuMemsetD8Async(Address.of(to), value, sizeBytes, stream), "cuMemsetD8Async");
  }

  // ---- streams, events, graphs

  static Stream newStream() {
    Stream stream = new Stream();
    check(JCudaDriver.cuStreamCreate(stream, NON_BLOCKING), "cuStreamCreate");
    return stream;
  }

  static void destroy(Stream stream) {
    check(JCudaDriver.cuStreamDestroy(stream), "cuStreamDestroy");
  }

  static void synchronize(Stream stream) {
    check(JCudaDriver.cuStreamSynchronize(stream), "cuStreamSynchronize");
  }

  static CUevent newEvent() {
    CUevent event = new CUevent();
    check(JCudaDriver.cuEventCreate(event, 0), "cuEventCreate");
    return event;
  }

  static void destroy(CUevent event) {
    check(JCudaDriver.cuEventDestroy(event), "cuEventDestroy");
  }

  static void record(CUevent event, Stream stream) {
    check(JCudaDriver.cuEventRecord(event, stream), "cuEventRecord");
  }

  static void synchronize(CUevent event) {
    check(JCudaDriver.cuEventSynchronize(event), "cuEventSynchronize");
  }

  static float elapsedMillis(CUevent from, CUevent to) {
    float[] millis = new float[1];
    check(JCudaDriver.cuEventElapsedTime(millis, from, to), "cuEventElapsedTime");
    return millis[0];
  }

  static void beginCapture(Stream stream) {
    check(JCudaDriver.cuStreamBeginCapture(stream, CAPTURE_THREAD_LOCAL), "cuStreamBeginCapture");
  }

  static CUgraph endCapture(Stream stream) {
    CUgraph graph = new CUgraph();
    check(JCudaDriver.cuStreamEndCapture(stream, graph), "cuStreamEndCapture");
    return graph;
  }

  static CUgraphExec instantiate(CUgraph graph) {
    CUgraphExec executable = new CUgraphExec();
    check(JCudaDriver.cuGraphInstantiate(executable, graph, 0), "cuGraphInstantiate");
    return executable;
  }

  static void launch(CUgraphExec executable, Stream stream) {
    check(JCudaDriver.cuGraphLaunch(executable, stream), "cuGraphLaunch");
  }

  static void destroy(CUgraph graph) {
    check(JCudaDriver.cuGraphDestroy(graph), "cuGraphDestroy");
  }

  static void destroy(CUgraphExec executable) {
    check(JCudaDriver.cuGraphExecDestroy(executable), "cuGraphExecDestroy");
  }

  // ---- kernels

  /** Loads SASS, PTX (zero-terminated) or a fatbin. */
  static CUmodule load(byte[] image) {
    CUmodule module = new CUmodule();
    check(JCudaDriver.cuModuleLoadData(module, image), "cuModuleLoadData");
    return module;
  }

  static void unload(CUmodule module) {
    check(JCudaDriver.cuModuleUnload(module), "cuModuleUnload");
  }

  /** Null when the module has no such function. */
  static CUfunction function(CUmodule module, String name) {
    CUfunction function = new CUfunction();
    check(JCudaDriver.cuModuleGetFunction(function, module, name), "cuModuleGetFunction");
    return function;
  }

  static void allowDynamicShared(CUfunction function, int sizeBytes) {
    check(
        JCudaDriver.cuFuncSetAttribute(
            function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, sizeBytes),
        "cuFuncSetAttribute");
  }

  /**
   * @param arguments a direct buffer with the addresses of the argument values; JCuda hands it to
   *     the driver as it is, 15 times faster than a tree of pointers
   */
  static void launch(CUfunction function, Launch launch, Stream stream, Pointer arguments) {
    check(
        JCudaDriver.cuLaunchKernel(
            function,
            launch.gridX(),
            launch.gridY(),
            launch.gridZ(),
            launch.threads(),
            1,
            1,
            launch.sharedBytes(),
            stream,
            arguments,
            null),
        "cuLaunchKernel");
  }

  private static void check(int status, String call) {
    if (status == CUresult.CUDA_SUCCESS) {
      return;
    }
    String[] words = new String[1];
    JCudaDriver.cuGetErrorString(status, words);
    String remedy =
        CudaException.isSticky(status)
            ? ". The GPU's context is lost: restart this process"
            : status == CudaException.OUT_OF_MEMORY ? ". Give it less to hold" : "";
    throw new CudaException(
        status,
        "%s: %s (%d)%s%s"
            .formatted(
                call,
                CUresult.stringFor(status),
                status,
                words[0] == null ? "" : ", " + words[0],
                remedy));
  }
}
