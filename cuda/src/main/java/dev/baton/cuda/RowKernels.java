package dev.baton.cuda;

import dev.baton.cuda.Kernel.Signature;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The row-wise kernels of a forward pass. Grids are sized by {@code rows}, the most a launch may
 * serve; how many rows there are is read from {@code rowCount} in device memory when it runs.
 */
public final class RowKernels {
  private static final int THREADS = 256;
  private static final int HEADS_PER_BLOCK = 8;
  private static final int ELEMENTS_PER_BLOCK = 512;
  private static final int REPACKED_LANES = 8; // a super

  private static final Signature RMS_NORM = new Signature("rms_norm", "pppppppif");
  private static final Signature PLACE_QKV = new Signature("place_qkv_f16", "pppppppppppiiiilif");
  private static final Signature SWIGLU = new Signature("swiglu", "pppi");
  private static final String EMBED = "ppppii";
  private static final String REPACK = "ppiiii";

  private final Map<WeightFormat, Kernel> embed = new EnumMap<>(WeightFormat.class);
  private final Map<WeightFormat, Kernel> repack = new EnumMap<>(WeightFormat.class);
  private final Kernel rmsNorm;
  private final Kernel placeQkv;
  private final Kernel swiglu;

  RowKernels(KernelModules modules) {
    rmsNorm = modules.kernel(RMS_NORM);
    placeQkv = modules.kernel(PLACE_QKV);
    swiglu = modules.kernel(SWIGLU);
    for (WeightFormat format : WeightFormat.values()) {
      embed.put(format, modules.kernel(new Signature("embed_" + format.suffix(), EMBED)));
      if (format.packed()) {
        repack.put(format, modules.kernel(new Signature("repack_" + format.suffix(), REPACK)));
      }
    }
  }

  static List<Signature> signatures() {
    List<Signature> all = new ArrayList<>(List.of(RMS_NORM, PLACE_QKV, SWIGLU));
    for (WeightFormat format : WeightFormat.values()) {
      all.add(new Signature("embed_" + format.suffix(), EMBED));
      if (format.packed()) {
        all.add(new Signature("repack_" + format.suffix(), REPACK));
      }
    }
    return all;
  }

  /**
   * Looks up embeddings.
   *
   * @param tokens {@code [rows]} i32
   * @param hidden {@code [rows, columns]} f32, written
   */
  public void embed(
      CudaStream stream,
      WeightMatrix table,
      DeviceBuffer tokens,
      DeviceBuffer hidden,
      DeviceBuffer rowCount,
      int rows) {
    tokens.require((long) rows * Integer.BYTES, "tokens");
    hidden.require((long) rows * table.columns() * Float.BYTES, "hidden");
    of(embed, table.format())
        .pointer(table.data())
        .pointer(tokens)
        .pointer(hidden)
        .pointer(rowCount)
        .number(table.rows())
        .number(table.columns())
        .launch(stream, Launch.of(rows, THREADS));
  }

  /**
   * RMS norm of each row.
   *
   * @param hidden {@code [rows, dim]} f32
   * @param weight {@code [dim]} f32
   * @param normed {@code [rows, dim]} bf16, written
   * @param gather {@code [rows]} i32: the row of {@code hidden} that each is of; null for its own
   */
  public void rmsNorm(
      CudaStream stream,
      DeviceBuffer hidden,
      DeviceBuffer weight,
      DeviceBuffer normed,
      @Nullable DeviceBuffer gather,
      DeviceBuffer rowCount,
      int rows,
      int dim,
      float epsilon) {
    weight.require((long) dim * Float.BYTES, "weight");
    normed.require((long) rows * dim * Short.BYTES, "normed");
    rmsNorm
        .pointer(hidden)
        .address(0)
        .address(0)
        .pointer(weight)
        .pointer(normed)
        .address(gather == null ? 0 : gather.address())
        .pointer(rowCount)
        .number(dim)
        .number(epsilon)
        .launch(stream, Launch.of(rows, THREADS));
  }

  /**
   * Shape of attention's heads and of the KV memory.
   *
   * @param blockTokens a power of two
   * @param blockStride elements from a block to the next
   * @param halves rotary pairs are (i, i + dim / 2), else (2 i, 2 i + 1)
   */
  public record Heads(
      int count, int kvCount, int dim, int blockTokens, long blockStride, boolean halves) {}

  /** Weights of a layer's heads; null where the model has none. */
  public record HeadWeights(
      @Nullable DeviceBuffer bias,
      @Nullable DeviceBuffer queryNorm,
      @Nullable DeviceBuffer keyNorm) {
    private static long address(@Nullable DeviceBuffer buffer) {
      return buffer == null ? 0 : buffer.address();
    }
  }

  /** Cosines and sines, {@code [positions, dim / 2]} f32 each. */
  public record Rotary(DeviceBuffer cosines, DeviceBuffer sines) {}

  /**
   * Adds biases, norms and rotates heads, and writes keys and values to their blocks.
   *
   * @param qkv {@code [rows, (count + 2 kvCount) dim]} f32
   * @param positions {@code [rows]} i32
   * @param slots {@code [rows]} i32, block · blockTokens + place
   * @param queries {@code [rows, count, dim]} f16, written
   * @param kv this layer's part of block 0, f16
   */
  public void placeQkv(
      CudaStream stream,
      DeviceBuffer qkv,
      HeadWeights weights,
      Rotary rotary,
      DeviceBuffer positions,
      DeviceBuffer slots,
      DeviceBuffer queries,
      DeviceBuffer kv,
      DeviceBuffer rowCount,
      int rows,
      Heads heads,
      float epsilon) {
    int allHeads = heads.count() + 2 * heads.kvCount();
    qkv.require((long) rows * allHeads * heads.dim() * Float.BYTES, "qkv");
    queries.require((long) rows * heads.count() * heads.dim() * Short.BYTES, "queries");
    placeQkv
        .pointer(qkv)
        .address(HeadWeights.address(weights.bias()))
        .address(HeadWeights.address(weights.queryNorm()))
        .address(HeadWeights.address(weights.keyNorm()))
        .pointer(rotary.cosines())
        .pointer(rotary.sines())
        .pointer(positions.require((long) rows * Integer.BYTES, "positions"))
        .pointer(slots.require((long) rows * Integer.BYTES, "slots"))
        .pointer(queries)
        .pointer(kv)
        .pointer(rowCount)
        .number(heads.count())
        .number(heads.kvCount())
        .number(heads.dim())
        .number(heads.blockTokens())
        .number(heads.blockStride())
        .number(heads.halves() ? 1 : 0)
        .number(epsilon)
        .launch(stream, Launch.of(Math.ceilDiv(allHeads, HEADS_PER_BLOCK), rows, THREADS, 0));
  }

  /**
   * SwiGLU.
   *
   * @param gateUp {@code [rows, 2 ffnDim]} f32
   * @param activated {@code [rows, ffnDim]} bf16, written
   */
  public void swiglu(
      CudaStream stream,
      DeviceBuffer gateUp,
      DeviceBuffer activated,
      DeviceBuffer rowCount,
      int rows,
      int ffnDim) {
    gateUp.require(2L * rows * ffnDim * Float.BYTES, "gateUp");
    activated.require((long) rows * ffnDim * Short.BYTES, "activated");
    swiglu
        .pointer(gateUp)
        .pointer(activated)
        .pointer(rowCount)
        .number(ffnDim)
        .launch(stream, Launch.of(Math.ceilDiv(ffnDim, ELEMENTS_PER_BLOCK), rows, THREADS, 0));
  }

  /**
   * Brings rows {@code [firstRow, firstRow + rows)} of a matrix from the file's blocks to planes.
   *
   * @param raw the rows as in the file
   */
  public void repack(
      CudaStream stream, DeviceBuffer raw, WeightMatrix matrix, int firstRow, int rows) {
    raw.require(rows * matrix.format().fileRowBytes(matrix.columns()), "raw");
    long lanes = (long) rows * Math.ceilDiv(matrix.columns(), 256) * REPACKED_LANES;
    of(repack, matrix.format())
        .pointer(raw)
        .pointer(matrix.data())
        .number(rows)
        .number(firstRow)
        .number(matrix.rows())
        .number(matrix.columns())
        .launch(stream, Launch.of(Math.toIntExact(Math.ceilDiv(lanes, THREADS)), THREADS));
  }

  private static Kernel of(Map<WeightFormat, Kernel> kernels, WeightFormat format) {
    return Objects.requireNonNull(kernels.get(format), format::name);
  }
}
