package dev.baton.cuda;

import dev.baton.cuda.Kernel.Signature;

/** Chooses the next token of each row ({@code cuda/kernels/sample.cu}). */
public final class SampleKernel {
  /**
   * Bytes of {@code SampleRow} and of {@code SampledToken} in {@code cuda/include/sample_row.h}.
   */
  public static final int ROW_BYTES = 80;

  public static final int TOKEN_BYTES = 16;

  static final Signature SIGNATURE = new Signature("sample", "pppppppppppi");
  private static final int THREADS = 1024;

  private final Kernel kernel;

  SampleKernel(KernelModules modules) {
    kernel = modules.kernel(SIGNATURE);
  }

  /**
   * What is known of the rows.
   *
   * @param rows {@code [rows]} {@code SampleRow}
   * @param seenIds i32, what rows point into, as into all that follow
   * @param seenCounts i32
   * @param seenSaved f32, scratch
   * @param biasIds i32
   * @param biases f32
   * @param biasSaved f32, scratch
   */
  public record Choices(
      DeviceBuffer rows,
      DeviceBuffer seenIds,
      DeviceBuffer seenCounts,
      DeviceBuffer seenSaved,
      DeviceBuffer biasIds,
      DeviceBuffer biases,
      DeviceBuffer biasSaved) {}

  /**
   * Chooses.
   *
   * @param logits {@code [rows, vocabSize]} f32, unchanged when it is done
   * @param sampled {@code [rows]} {@code SampledToken}, written
   * @param tokens {@code [rows]} i32, written: the ids alone
   * @param rowCount i32: rows that are there, at most {@code rows}
   */
  public void choose(
      CudaStream stream,
      DeviceBuffer logits,
      Choices choices,
      DeviceBuffer sampled,
      DeviceBuffer tokens,
      DeviceBuffer rowCount,
      int rows,
      int vocabSize) {
    kernel
        .pointer(logits.require((long) rows * vocabSize * Float.BYTES, "logits"))
        .pointer(choices.rows().require((long) rows * ROW_BYTES, "rows"))
        .pointer(choices.seenIds())
        .pointer(choices.seenCounts())
        .pointer(choices.seenSaved())
        .pointer(choices.biasIds())
        .pointer(choices.biases())
        .pointer(choices.biasSaved())
        .pointer(sampled.require((long) rows * TOKEN_BYTES, "sampled"))
        .pointer(tokens.require((long) rows * Integer.BYTES, "tokens"))
        .pointer(rowCount)
        .number(vocabSize)
        .launch(stream, Launch.of(rows, THREADS));
  }
}
