package dev.baton.engine.backend.cuda;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.baton.cuda.CudaDiscovery;
import dev.baton.cuda.CudaSettings;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/**
 * The driver stand-in of {@code cuda/emu}, on which the GPU's code runs without a GPU. Where it was
 * not built (no g++), tests that need it are reported as skipped.
 */
public final class GpuStandIn {
  private static final Path FOLDER = folder();
  private static final Path DRIVER = FOLDER.resolve("libcuda.so.1");
  private static final Path KERNELS = FOLDER.resolve("kernels.host.so");

  private final SymbolLookup library;

  private GpuStandIn(SymbolLookup library) {
    this.library = library;
  }

  /** Loads the stand-in, or skips the test; injected failures and lost contexts are forgotten. */
  public static GpuStandIn require() {
    assumeTrue(
        Files.exists(DRIVER) && Files.exists(KERNELS),
        "the driver stand-in is not built: make -C cuda standin (needs g++)");
    assumeTrue(CudaDiscovery.discover(settings()) instanceof CudaDiscovery.Found);
    GpuStandIn standIn = new GpuStandIn(SymbolLookup.libraryLookup(DRIVER, Arena.global()));
    standIn.reset();
    return standIn;
  }

  public static CudaSettings settings() {
    return new CudaSettings(0, DRIVER, KERNELS, FOLDER);
  }

  public void reset() {
    call("fakecuda_reset", FunctionDescriptor.ofVoid());
  }

  /** The n-th call of a symbol fails with CUDA's error {@code code}, counted from now. */
  public void fail(String symbol, long call, int code) {
    try (Arena arena = Arena.ofConfined()) {
      call(
          "fakecuda_fail",
          FunctionDescriptor.ofVoid(ValueLayout.ADDRESS),
          arena.allocateFrom(symbol + ":" + call + ":" + code));
    }
  }

  /** Calls of a symbol since the reset or the last {@link #fail}. */
  public long calls(String symbol) {
    try (Arena arena = Arena.ofConfined()) {
      return (long)
          Objects.requireNonNull(
              call(
                  "fakecuda_calls",
                  FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.ADDRESS),
                  arena.allocateFrom(symbol)));
    }
  }

  /** What was not freed when the context ended last; empty for nothing. */
  public String leaks() {
    Object text = call("fakecuda_leaks", FunctionDescriptor.of(ValueLayout.ADDRESS));
    return ((MemorySegment) Objects.requireNonNull(text)).reinterpret(4096).getString(0);
  }

  public void memoryBytes(long bytes) {
    call("fakecuda_memory", FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG), bytes);
  }

  /** Order of lanes, warps and blocks; 0 for ascending. */
  public void seed(long seed) {
    call("fakecuda_seed", FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG), seed);
  }

  private Object call(String name, FunctionDescriptor type, Object... arguments) {
    try {
      Object result =
          Linker.nativeLinker()
              .downcallHandle(library.find(name).orElseThrow(), type)
              .invokeWithArguments(arguments);
      return result == null ? name : result;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  private static Path folder() {
    Path root = Path.of("").toAbsolutePath();
    while (!Files.exists(root.resolve("cuda/Makefile"))) {
      root = Objects.requireNonNull(root.getParent(), "not inside Baton's sources");
    }
    return root.resolve("cuda/target/standin");
  }
}
