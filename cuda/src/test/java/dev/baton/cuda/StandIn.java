package dev.baton.cuda;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/**
 * The driver stand-in of {@code cuda/emu} in this process, and what a test may ask of it. Where it
 * was not built (no g++), tests that need it are reported as skipped.
 */
public final class StandIn {
  /** For calls of any symbol. */
  public static final String ANY = "*";

  private static final Path FOLDER = folder();

  private final SymbolLookup library;

  private StandIn(SymbolLookup library) {
    this.library = library;
  }

  /** Loads the stand-in, or skips the test; injected failures and lost contexts are forgotten. */
  public static StandIn require() {
    Path driver = FOLDER.resolve("libcuda.so.1");
    assumeTrue(
        Files.exists(driver), "the driver stand-in is not built: make -C cuda standin (needs g++)");
    String missing = DriverLibrary.load(driver);
    assumeTrue(missing == null, missing);
    StandIn standIn = new StandIn(SymbolLookup.libraryLookup(driver, Arena.global()));
    standIn.reset();
    return standIn;
  }

  /** The kernels of {@code cuda/kernels}, built for the stand-in. */
  public static CudaSettings settings() {
    return with(FOLDER.resolve("kernels.host.so"));
  }

  static CudaSettings with(Path kernels) {
    return new CudaSettings(0, FOLDER.resolve("libcuda.so.1"), kernels, FOLDER);
  }

  /** Kernels with planted faults. */
  static CudaSettings faulty() {
    return with(FOLDER.resolve("faulty.host.so"));
  }

  static Path file(String name) {
    return FOLDER.resolve(name);
  }

  /** Has an engine that is opened by its settings take the stand-in. */
  public static void nameInProperties() {
    System.setProperty("baton.cuda.driver", file("libcuda.so.1").toString());
    System.setProperty("baton.cuda.kernels", file("kernels.host.so").toString());
    System.setProperty("baton.cuda.cublas", FOLDER.toString());
  }

  public static void clearProperties() {
    for (String part : List.of("driver", "kernels", "cublas")) {
      System.clearProperty("baton.cuda." + part);
    }
  }

  public void reset() {
    call("fakecuda_reset", FunctionDescriptor.ofVoid());
  }

  /** The n-th call of a symbol fails, counted from now. */
  public void fail(String symbol, int call) {
    fail(symbol + ":" + call);
  }

  /** With CUDA's number of the error. */
  public void fail(String symbol, int call, int code) {
    fail(symbol + ":" + call + ":" + code);
  }

  private void fail(String specification) {
    try (Arena arena = Arena.ofConfined()) {
      call(
          "fakecuda_fail",
          FunctionDescriptor.ofVoid(ValueLayout.ADDRESS),
          arena.allocateFrom(specification));
    }
  }

  /** Calls of a symbol since the reset or the last {@link #fail}. */
  public long calls(String symbol) {
    try (Arena arena = Arena.ofConfined()) {
      return (long)
          call(
              "fakecuda_calls",
              FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.ADDRESS),
              arena.allocateFrom(symbol));
    }
  }

  /** What was not freed when the context ended last; empty for nothing. */
  public String leaks() {
    MemorySegment text =
        (MemorySegment) call("fakecuda_leaks", FunctionDescriptor.of(ValueLayout.ADDRESS));
    return text.reinterpret(4096).getString(0);
  }

  /** Order of lanes, warps and blocks. */
  public void seed(long seed) {
    call("fakecuda_seed", FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG), seed);
  }

  public void memoryBytes(long bytes) {
    call("fakecuda_memory", FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG), bytes);
  }

  public void driverVersion(int version) {
    call("fakecuda_driver_version", FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT), version);
  }

  public void capability(int capability) {
    call("fakecuda_capability", FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT), capability);
  }

  public void devices(int count) {
    call("fakecuda_devices", FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT), count);
  }

  private Object call(String name, FunctionDescriptor type, Object... arguments) {
    MethodHandle handle =
        Linker.nativeLinker().downcallHandle(library.find(name).orElseThrow(), type);
    try {
      Object result = handle.invokeWithArguments(arguments);
      return type.returnLayout().map(MemoryLayout::byteSize).isPresent() ? result : name;
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
