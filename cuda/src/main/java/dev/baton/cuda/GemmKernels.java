package dev.baton.cuda;

import dev.baton.cuda.Kernel.Signature;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Products of many rows, y (+)= x Wᵀ (+ bias): by cuBLASLt where it is found, else by the kernel
 * {@code gemm}.
 *
 * <p>Both take bf16. Other formats are expanded to it, slice by slice, in two parts whose sum is as
 * exact as the weights of {@link LinearKernels}: so they pay for twice the work and for writing
 * what the format had saved, and begin with more rows.
 */
public final class GemmKernels {
  /** Elements of a slice of expanded weights. */
  private static final long SLICE_ELEMENTS = 16L << 20;

  /**
   * Beyond so many rows, expanding and multiplying should beat reading the weights once for each
   * 64.
   */
  private static final int MAX_UNEXPANDED_ROWS = 256;

  private static final Signature GEMM = new Signature("gemm", "pppppiiii");
  private static final String EXPAND = "ppiiiii";
  private static final int TILE = 128;
  private static final int THREADS = 256;
  private static final int SHARED_BYTES = 61_440;
  private static final int UNIT = 128; // columns that a lane's pieces cover, four lanes each

  private final Map<WeightFormat, Kernel> expand = new EnumMap<>(WeightFormat.class);
  private final Kernel gemm;
  private final @Nullable CublasLt library;

  GemmKernels(KernelModules modules, @Nullable CublasLt library) {
    this.library = library;
    gemm = modules.kernel(GEMM, SHARED_BYTES);
    for (WeightFormat format : WeightFormat.values()) {
      if (format != WeightFormat.BF16) {
        expand.put(format, modules.kernel(expand(format)));
      }
    }
  }

  static List<Signature> signatures() {
    List<Signature> all = new ArrayList<>(List.of(GEMM));
    for (WeightFormat format : WeightFormat.values()) {
      all.add(expand(format));
    }
    return all;
  }

  private static Signature expand(WeightFormat format) {
    return new Signature("expand_" + format.suffix(), EXPAND);
  }

  /** What computes, for people. */
  public String description() {
    return library == null
        ? "own kernels, for no cuBLASLt of CUDA 12 or 13 was found"
        : "cuBLASLt " + library.versionText();
  }

  /** Whether a product of so many rows is for this class and not for {@link LinearKernels}. */
  public static boolean serves(WeightFormat format, int rows) {
    return rows > (format == WeightFormat.BF16 ? LinearKernels.MAX_ROWS : MAX_UNEXPANDED_ROWS);
  }

  /**
   * What products compute in.
   *
   * @param slice bf16, the most {@link #sliceBytes} of any matrix
   * @param library {@link #libraryBytes}
   */
  public record Workspace(DeviceBuffer slice, DeviceBuffer library) {}

  /** Bytes of a matrix {@code [n, k]} that are expanded at once, in steps of so many rows. */
  public static long sliceBytes(WeightFormat format, long n, long k, int maxRows) {
    return format == WeightFormat.BF16 || !serves(format, maxRows)
        ? 0
        : Math.min(SLICE_ELEMENTS, n * k) * Short.BYTES;
  }

  public long libraryBytes() {
    return library == null ? 1 : CublasLt.WORKSPACE_BYTES;
  }

  /**
   * One product.
   *
   * @param x {@code [capacity, k]} bf16
   * @param bias {@code [n]} f32, or null
   * @param y {@code [capacity, yStride]} f32, of which the first n of each row are written; what
   *     lies beyond the rows that are there may change too
   * @param rowCount i32: rows that are there
   * @param rows the same on the host
   * @param capacity rows that x and y have room for
   * @param accumulate add to y
   */
  public void multiply(
      CudaStream stream,
      WeightMatrix weight,
      DeviceBuffer x,
      @Nullable DeviceBuffer bias,
      DeviceBuffer y,
      int yStride,
      DeviceBuffer rowCount,
      int rows,
      int capacity,
      boolean accumulate,
      Workspace workspace) {
    int n = weight.rows();
    int k = weight.columns();
    Product product =
        new Product(stream, x, rowCount, rows, capacity, k, yStride, workspace.library());
    if (weight.format() == WeightFormat.BF16) {
      multiply(product, weight.data(), bias, y, n, accumulate);
      return;
    }
    int sliceRows = Math.toIntExact(Math.min(n, workspace.slice().sizeBytes() / Short.BYTES / k));
    if (sliceRows == 0) {
      throw new IllegalArgumentException("a row of %d columns is more than a slice".formatted(k));
    }
    for (int from = 0; from < n; from += sliceRows) {
      int count = Math.min(sliceRows, n - from);
      DeviceBuffer part = y.behindFloats(from);
      expand(stream, weight, workspace.slice(), from, count, 0);
      DeviceBuffer partBias = bias == null ? null : bias.behindFloats(from);
      multiply(product, workspace.slice(), partBias, part, count, accumulate);
      expand(stream, weight, workspace.slice(), from, count, 1);
      multiply(product, workspace.slice(), null, part, count, true);
    }
  }

  /** What all slices of a matrix are multiplied with. */
  private record Product(
      CudaStream stream,
      DeviceBuffer x,
      DeviceBuffer rowCount,
      int rows,
      int capacity,
      int k,
      int yStride,
      DeviceBuffer library) {}

  private void expand(
      CudaStream stream, WeightMatrix weight, DeviceBuffer slice, int from, int rows, int part) {
    slice.require((long) rows * weight.columns() * Short.BYTES, "slice");
    long lanes = (long) rows * Math.ceilDiv(weight.columns(), UNIT) * 4 * pieces(weight.format());
    Objects.requireNonNull(expand.get(weight.format()))
        .pointer(weight.data())
        .pointer(slice)
        .number(rows)
        .number(from)
        .number(weight.rows())
        .number(weight.columns())
        .number(part)
        .launch(stream, Launch.of(Math.toIntExact(Math.ceilDiv(lanes, THREADS)), THREADS));
  }

  /** Loads that a lane's columns of a unit take ({@code PIECES} in cuda/include/weights.h). */
  private static int pieces(WeightFormat format) {
    return switch (format) {
      case F32, F16, BF16 -> 4;
      case Q8_0 -> 2;
      case Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K, Q6_K -> 1;
    };
  }

  /** {@code w [n, k]} bf16. */
  private void multiply(
      Product p,
      DeviceBuffer w,
      @Nullable DeviceBuffer bias,
      DeviceBuffer y,
      int n,
      boolean accumulate) {
    int padded =
        Math.min(
            p.capacity(), Math.ceilDiv(p.rows(), CublasLt.ROW_MULTIPLE) * CublasLt.ROW_MULTIPLE);
    if (library != null
        && bias == null
        && library.multiply(
            p.stream(), w, p.x(), y, padded, n, p.k(), p.yStride(), accumulate, p.library())) {
      return;
    }
    w.require((long) n * p.k() * Short.BYTES, "w");
    p.x().require((long) p.rows() * p.k() * Short.BYTES, "x");
    y.require(((p.rows() - 1L) * p.yStride() + n) * Float.BYTES, "y");
    gemm.pointer(w)
        .pointer(p.x())
        .address(bias == null ? 0 : bias.address())
        .pointer(y)
        .pointer(p.rowCount())
        .number(n)
        .number(p.k())
        .number(p.yStride())
        .number(accumulate ? 1 : 0)
        .launch(
            p.stream(),
            Launch.of(Math.ceilDiv(p.rows(), TILE), Math.ceilDiv(n, TILE), THREADS, SHARED_BYTES));
  }
}
