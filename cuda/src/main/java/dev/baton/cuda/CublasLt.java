package dev.baton.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * NVIDIA's library of matrix products, of CUDA 12 or 13 as found at run time, through the foreign
 * function interface: JCuda binds CUDA 12's only and not this part. All on the GPU's thread.
 *
 * <p>A product's algorithm is asked for once by its shape, with the rows rounded up to a multiple
 * of {@value #ROW_MULTIPLE}, and kept: so a result does not depend on how often or when it is
 * computed, and there are as many plans as matrices have shapes and steps have sizes.
 */
final class CublasLt {
  /** Bytes that the library computes in, as much as it asks for on Hopper. */
  static final long WORKSPACE_BYTES = 32L << 20;

  static final int ROW_MULTIPLE = 64;

  private static final List<String> NAMES = List.of("libcublasLt.so.13", "libcublasLt.so.12");

  // From cublasLt.h and library_types.h.
  private static final int CUDA_R_32F = 0;
  private static final int CUDA_R_16BF = 14;
  private static final int COMPUTE_32F = 68;
  private static final int OP_TRANSPOSE = 1;
  private static final int DESC_TRANSA = 3;
  private static final int PREFERENCE_WORKSPACE_BYTES = 1;
  private static final int RESULT_BYTES = 96; // algorithm 64, workspace 8, state 4, waves 4, rest
  private static final int NOT_SUPPORTED = 15;

  private final Arena arena = Arena.ofShared();
  private final SymbolLookup library;
  private final Map<String, MethodHandle> calls = new HashMap<>();
  private final Releases releases = new Releases();
  private final Map<Shape, Plan> plans = new HashMap<>();
  private final MemorySegment handle;
  private final MemorySegment description;
  private final MemorySegment preference;
  private final MemorySegment one;
  private final MemorySegment zero;
  private final String version;

  private CublasLt(SymbolLookup library) {
    this.library = library;
    one = arena.allocateFrom(JAVA_FLOAT, 1);
    zero = arena.allocateFrom(JAVA_FLOAT, 0);
    boolean made = false;
    try {
      long number = version();
      version = number / 10_000 + "." + number % 10_000 / 100;
      handle = create("cublasLtCreate", "cublasLtDestroy");
      description =
          create("cublasLtMatmulDescCreate", "cublasLtMatmulDescDestroy", COMPUTE_32F, CUDA_R_32F);
      call(
          "cublasLtMatmulDescSetAttribute",
          description,
          DESC_TRANSA,
          arena.allocateFrom(JAVA_INT, OP_TRANSPOSE),
          (long) Integer.BYTES);
      preference = create("cublasLtMatmulPreferenceCreate", "cublasLtMatmulPreferenceDestroy");
      call(
          "cublasLtMatmulPreferenceSetAttribute",
          preference,
          PREFERENCE_WORKSPACE_BYTES,
          arena.allocateFrom(JAVA_LONG, WORKSPACE_BYTES),
          (long) Long.BYTES);
      made = true;
    } finally {
      if (!made) {
        close();
      }
    }
  }

  /** The library in a folder, else where the loader looks; null where it is not. */
  static @Nullable CublasLt find(Gpu gpu) {
    Path folder = gpu.settings().cublas();
    for (String name : NAMES) {
      SymbolLookup library;
      try {
        library =
            folder == null
                ? SymbolLookup.libraryLookup(name, Arena.global())
                : SymbolLookup.libraryLookup(folder.resolve(name), Arena.global());
      } catch (IllegalArgumentException e) {
        continue; // not there
      }
      CublasLt found = new CublasLt(library);
      gpu.onClose(found::close);
      return found;
    }
    return null;
  }

  /** Of the library, 13.0 say. */
  String versionText() {
    return version;
  }

  /** {@code y[rows, n] (+)= x[rows, k] w[n, k]ᵀ}, y's rows {@code yStride} apart. */
  private record Shape(int rows, int n, int k, int yStride) {}

  /** How a shape is computed; {@code algorithm} null when the library has no way. */
  private record Plan(
      MemorySegment w, MemorySegment x, MemorySegment y, @Nullable MemorySegment algorithm) {}

  /**
   * Puts a product on the stream.
   *
   * @param w bf16
   * @param x bf16
   * @param y f32
   * @return false when the library does not serve the shape; nothing is computed then
   */
  boolean multiply(
      CudaStream stream,
      DeviceBuffer w,
      DeviceBuffer x,
      DeviceBuffer y,
      int rows,
      int n,
      int k,
      int yStride,
      boolean accumulate,
      DeviceBuffer workspace) {
    w.require((long) n * k * Short.BYTES, "w");
    x.require((long) rows * k * Short.BYTES, "x");
    y.require(((rows - 1L) * yStride + n) * Float.BYTES, "y");
    workspace.require(WORKSPACE_BYTES, "workspace");
    Plan plan = plan(new Shape(rows, n, k, yStride));
    MemorySegment algorithm = plan.algorithm();
    if (algorithm == null) {
      return false;
    }
    MemorySegment target = MemorySegment.ofAddress(y.address());
    call(
        "cublasLtMatmul",
        handle,
        description,
        one,
        MemorySegment.ofAddress(w.address()),
        plan.w(),
        MemorySegment.ofAddress(x.address()),
        plan.x(),
        accumulate ? one : zero,
        target,
        plan.y(),
        target,
        plan.y(),
        algorithm,
        MemorySegment.ofAddress(workspace.address()),
        WORKSPACE_BYTES,
        MemorySegment.ofAddress(stream.driverStream().handle()));
    return true;
  }

  /** Row-major matrices are to the library their transposes, column by column. */
  private Plan plan(Shape shape) {
    Plan known = plans.get(shape);
    if (known != null) {
      return known;
    }
    int before = releases.size();
    boolean made = false;
    try {
      MemorySegment w = layout(CUDA_R_16BF, shape.k(), shape.n(), shape.k());
      MemorySegment x = layout(CUDA_R_16BF, shape.k(), shape.rows(), shape.k());
      MemorySegment y = layout(CUDA_R_32F, shape.n(), shape.rows(), shape.yStride());
      Plan plan = new Plan(w, x, y, algorithm(w, x, y));
      plans.put(shape, plan);
      made = true;
      return plan;
    } finally {
      if (!made) {
        release(before);
      }
    }
  }

  private MemorySegment layout(int type, long rows, long columns, long stride) {
    return create(
        "cublasLtMatrixLayoutCreate", "cublasLtMatrixLayoutDestroy", type, rows, columns, stride);
  }

  private @Nullable MemorySegment algorithm(MemorySegment w, MemorySegment x, MemorySegment y) {
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment result = scratch.allocate(RESULT_BYTES, Long.BYTES);
      MemorySegment count = scratch.allocate(JAVA_INT);
      int status =
          invoke(
              "cublasLtMatmulAlgoGetHeuristic",
              handle,
              description,
              w,
              x,
              y,
              y,
              preference,
              1,
              result,
              count);
      if (status == NOT_SUPPORTED) {
        return null;
      }
      check("cublasLtMatmulAlgoGetHeuristic", status);
      return count.get(JAVA_INT, 0) == 0
          ? null
          : arena.allocate(RESULT_BYTES, Long.BYTES).copyFrom(result);
    }
  }

  // ---- calls

  /** Creates an object by a function whose first argument is where its handle goes. */
  private MemorySegment create(String function, String destroy, Object... arguments) {
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment place = scratch.allocate(ADDRESS);
      Object[] all = new Object[arguments.length + 1];
      all[0] = place;
      System.arraycopy(arguments, 0, all, 1, arguments.length);
      call(function, all);
      MemorySegment created = place.get(ADDRESS, 0);
      releases.push(() -> call(destroy, created));
      return created;
    }
  }

  private void call(String function, Object... arguments) {
    check(function, invoke(function, arguments));
  }

  private static void check(String function, int status) {
    if (status != 0) {
      throw CudaException.ofLibrary("%s: %s (%d)".formatted(function, name(status), status));
    }
  }

  private static String name(int status) {
    return "CUBLAS_STATUS_"
        + switch (status) {
          case 1 -> "NOT_INITIALIZED";
          case 3 -> "ALLOC_FAILED";
          case 7 -> "INVALID_VALUE";
          case 8 -> "ARCH_MISMATCH";
          case 13 -> "EXECUTION_FAILED";
          case 14 -> "INTERNAL_ERROR";
          case NOT_SUPPORTED -> "NOT_SUPPORTED";
          default -> "UNKNOWN";
        };
  }

  /** A call's few hundred nanoseconds are nothing beside a product of many rows. */
  private int invoke(String function, Object... arguments) {
    MethodHandle call =
        calls.computeIfAbsent(
            function, name -> bind(name, FunctionDescriptor.of(JAVA_INT, layouts(arguments))));
    try {
      return (int) call.invokeWithArguments(arguments);
    } catch (Throwable e) {
      throw new IllegalStateException(function, e);
    }
  }

  private long version() {
    try {
      return (long)
          bind("cublasLtGetVersion", FunctionDescriptor.of(JAVA_LONG)).invokeWithArguments();
    } catch (Throwable e) {
      throw new IllegalStateException("cublasLtGetVersion", e);
    }
  }

  private MethodHandle bind(String function, FunctionDescriptor type) {
    return Linker.nativeLinker()
        .downcallHandle(
            library
                .find(function)
                .orElseThrow(() -> CudaException.ofLibrary("cuBLASLt lacks " + function)),
            type);
  }

  private static MemoryLayout[] layouts(Object[] arguments) {
    MemoryLayout[] layouts = new MemoryLayout[arguments.length];
    for (int i = 0; i < layouts.length; i++) {
      layouts[i] =
          switch (arguments[i]) {
            case MemorySegment address -> ADDRESS;
            case Integer number -> JAVA_INT;
            case Long number -> JAVA_LONG;
            default -> throw new IllegalArgumentException("argument " + arguments[i]);
          };
    }
    return layouts;
  }

  /** Destroys the newest objects until so many are left. */
  private void release(int left) {
    CudaException failure = releases.releaseTo(left);
    if (failure != null) {
      throw failure;
    }
  }

  private void close() {
    try {
      release(0);
    } finally {
      arena.close();
    }
  }
}
