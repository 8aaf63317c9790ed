package dev.baton.cuda;

import dev.baton.cuda.Kernel.Signature;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Products with weight matrices, y (+)= x Wᵀ (+ bias), for up to {@value #MAX_ROWS} rows a launch.
 *
 * <p>Where a matrix has too few rows to fill the GPU its columns are split, by the matrix's shape
 * alone: so a row's result does not depend on how many rows are computed beside it.
 */
public final class LinearKernels {
  public static final int MAX_ROWS = 64;

  private static final int[] ROWS = {8, 16, 64}; // of a launch, by kernel
  private static final String ARGUMENTS = "pppppppiiii";
  private static final int OUTPUTS_PER_BLOCK = 64;
  private static final int COLUMNS_PER_STEP = 512;
  private static final int THREADS = 256;
  private static final int MAX_SPLITS = 8;
  private static final int STAGED_ROW_BYTES = 1088;
  private static final int MINIMA_ROW_BYTES = 68;

  private final Map<WeightFormat, Kernel[]> kernels = new EnumMap<>(WeightFormat.class);
  private final int multiprocessors;

  LinearKernels(KernelModules modules, int multiprocessors) {
    this.multiprocessors = multiprocessors;
    for (WeightFormat format : WeightFormat.values()) {
      Kernel[] bySize = new Kernel[ROWS.length];
      for (int i = 0; i < ROWS.length; i++) {
        bySize[i] = modules.kernel(signature(format, ROWS[i]), sharedBytes(format, ROWS[i]));
      }
      kernels.put(format, bySize);
    }
  }

  static List<Signature> signatures() {
    List<Signature> all = new ArrayList<>();
    for (WeightFormat format : WeightFormat.values()) {
      for (int rows : ROWS) {
        all.add(signature(format, rows));
      }
    }
    return all;
  }

  private static Signature signature(WeightFormat format, int rows) {
    return new Signature("linear_%s_m%d".formatted(format.suffix(), rows), ARGUMENTS);
  }

  private static int sharedBytes(WeightFormat format, int rows) {
    return rows * (STAGED_ROW_BYTES + (format.minima() ? MINIMA_ROW_BYTES : 0));
  }

  /**
   * What products leave between their blocks.
   *
   * @param partials f32, {@link #partialElements} of the largest matrix
   * @param tickets i32, {@link #ticketCount} of the largest matrix, zero at first
   */
  public record Workspace(DeviceBuffer partials, DeviceBuffer tickets) {}

  /** Parts that the columns of a matrix {@code [n, k]} are split into. */
  private int splits(int n, int k) {
    int blocks = Math.ceilDiv(n, OUTPUTS_PER_BLOCK);
    int wanted = Math.ceilDiv(2 * multiprocessors, blocks);
    int steps = Math.ceilDiv(k, COLUMNS_PER_STEP);
    return Math.clamp(wanted, 1, Math.min(MAX_SPLITS, steps));
  }

  public long partialElements(int n, int k) {
    int splits = splits(n, k);
    return splits == 1 ? 0 : (long) splits * MAX_ROWS * n;
  }

  public static int ticketCount(int n) {
    return Math.ceilDiv(n, OUTPUTS_PER_BLOCK);
  }

  /**
   * One product.
   *
   * @param x {@code [rows, k]} bf16
   * @param bias {@code [n]} f32, or null
   * @param y {@code [rows, yStride]} f32, of which the first n of each row are written
   * @param rowCount i32: rows that are there, at most {@code rows}
   * @param rows at most {@value #MAX_ROWS}
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
      boolean accumulate,
      Workspace workspace) {
    int n = weight.rows();
    int k = weight.columns();
    int size = 0;
    while (size < ROWS.length && ROWS[size] < rows) {
      size++;
    }
    if (rows < 1 || size == ROWS.length) {
      throw new IllegalArgumentException("a product takes 1 to 64 rows, found " + rows);
    }
    x.require((long) rows * k * Short.BYTES, "x");
    y.require(((rows - 1L) * yStride + n) * Float.BYTES, "y");
    workspace.partials().require(partialElements(n, k) * Float.BYTES, "partials");
    workspace.tickets().require((long) ticketCount(n) * Integer.BYTES, "tickets");
    Objects.requireNonNull(kernels.get(weight.format()))[size]
        .pointer(weight.data())
        .pointer(x)
        .address(bias == null ? 0 : bias.address())
        .pointer(y)
        .pointer(workspace.partials())
        .pointer(workspace.tickets())
        .pointer(rowCount)
        .number(n)
        .number(k)
        .number(yStride)
        .number(accumulate ? 1 : 0)
        .launch(
            stream,
            Launch.of(
                Math.ceilDiv(n, OUTPUTS_PER_BLOCK),
                splits(n, k),
                THREADS,
                sharedBytes(weight.format(), ROWS[size])));
  }
}
