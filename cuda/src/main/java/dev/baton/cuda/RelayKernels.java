package dev.baton.cuda;

import dev.baton.cuda.Kernel.Signature;
import dev.baton.cuda.RowKernels.Heads;
import java.util.ArrayList;
import java.util.List;

/** RelayAttention of a whole step in one launch, for one layer ({@code cuda/include/relay.h}). */
public final class RelayKernels {
  /** Words of a work item. */
  public static final int ITEM_INTS = 10;

  /** Rows of the product of queries and keys: tokens times query heads of a KV head. */
  public static final int TILE_ROWS = 64;

  /** Keys of a tile, which splits come in multiples of. */
  public static final int TILE_KEYS = 64;

  private static final int[] HEAD_DIMS = {32, 64, 80, 96, 128};
  private static final String ARGUMENTS = "pppppppppppiiiilf";
  private static final int THREADS = 128;
  private static final int BLOCKS_PER_MULTIPROCESSOR = 2;

  private final Kernel kernel;
  private final Heads heads;
  private final int paddedDim;
  private final int blocks;

  RelayKernels(KernelModules modules, int multiprocessors, Heads heads) {
    String reason = unserved(heads.count(), heads.kvCount(), heads.dim());
    if (!reason.isEmpty()) {
      throw new CudaUnavailableException(reason);
    }
    this.heads = heads;
    paddedDim = paddedDim(heads.dim());
    blocks = BLOCKS_PER_MULTIPROCESSOR * multiprocessors;
    kernel = modules.kernel(signature(paddedDim), sharedBytes());
  }

  /** Why heads of this shape are not served on a GPU; empty when they are. */
  public static String unserved(int heads, int kvHeads, int dim) {
    if (dim % 8 != 0 || dim > HEAD_DIMS[HEAD_DIMS.length - 1]) {
      return "the GPU kernels serve heads of 8 to 128 elements in multiples of 8, the model's have "
          + dim;
    }
    return heads / kvHeads > TILE_ROWS
        ? "the GPU kernels serve up to %d query heads a KV head, the model has %d"
            .formatted(TILE_ROWS, heads / kvHeads)
        : "";
  }

  static List<Signature> signatures() {
    List<Signature> all = new ArrayList<>();
    for (int dim : HEAD_DIMS) {
      all.add(signature(dim));
    }
    return all;
  }

  private static Signature signature(int dim) {
    return new Signature("relay_attention_f16_d" + dim, ARGUMENTS);
  }

  private static int paddedDim(int dim) {
    for (int served : HEAD_DIMS) {
      if (dim <= served) {
        return served;
      }
    }
    throw new IllegalArgumentException("head dim " + dim);
  }

  /** Queries and two stages of keys and values. */
  private int sharedBytes() {
    return (TILE_ROWS + 4 * TILE_KEYS) * (paddedDim + 8) * Short.BYTES;
  }

  /** Blocks of a launch, which work items are planned for. */
  public int blocks() {
    return blocks;
  }

  /**
   * What the work items of a step are, in device memory.
   *
   * @param items {@code [itemCount, 10]} i32, dearest first
   * @param itemCount i32
   * @param blockTable i32, what items point into
   * @param partialBase {@code [rows + 1]} i32: parts of a row
   */
  public record Plan(
      DeviceBuffer items,
      DeviceBuffer itemCount,
      DeviceBuffer blockTable,
      DeviceBuffer partialBase) {}

  /**
   * What blocks leave for each other.
   *
   * @param outputs {@code [parts, heads, dim]} f32
   * @param logSumExps {@code [parts, heads]} f32
   * @param tickets {@code [rows, kvHeads]} i32, zero at first
   * @param counters {@code [2]} i32, zero at first
   */
  public record Workspace(
      DeviceBuffer outputs, DeviceBuffer logSumExps, DeviceBuffer tickets, DeviceBuffer counters) {}

  /**
   * Attends with all rows of a step.
   *
   * @param queries {@code [rows, heads, dim]} f16
   * @param kv this layer's part of block 0, f16
   * @param output {@code [rows, heads, dim]} bf16, written
   */
  public void attend(
      CudaStream stream,
      DeviceBuffer queries,
      DeviceBuffer kv,
      DeviceBuffer output,
      Plan plan,
      Workspace workspace) {
    kernel
        .pointer(queries)
        .pointer(kv)
        .pointer(output)
        .pointer(plan.items())
        .pointer(plan.itemCount())
        .pointer(plan.blockTable())
        .pointer(plan.partialBase())
        .pointer(workspace.outputs())
        .pointer(workspace.logSumExps())
        .pointer(workspace.tickets())
        .pointer(workspace.counters())
        .number(heads.count())
        .number(heads.kvCount())
        .number(heads.dim())
        .number(Integer.numberOfTrailingZeros(heads.blockTokens()))
        .number(heads.blockStride())
        .number((float) (1 / Math.sqrt(heads.dim())))
        .launch(stream, new Launch(blocks, 1, 1, THREADS, sharedBytes()));
  }
}
