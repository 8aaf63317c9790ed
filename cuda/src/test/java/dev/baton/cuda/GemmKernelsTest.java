package dev.baton.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Products of many rows by cuBLASLt's stand-in and by the own kernel, against sums in double
 * precision. The expansion of each format has its test in {@code cuda/tests}.
 */
final class GemmKernelsTest {
  private static final int CAPACITY = 200;

  private StandIn standIn;

  @BeforeEach
  void loadStandIn() {
    standIn = StandIn.require();
  }

  @AfterEach
  void nothingIsLeft() {
    assertThat(standIn.leaks()).isEmpty();
    standIn.reset();
  }

  private static CudaSettings settings(boolean library) {
    Path folder = StandIn.file("");
    return new CudaSettings(
        0,
        folder.resolve("libcuda.so.1"),
        folder.resolve("kernels.host.so"),
        library ? folder : folder.resolve("nothing-here"));
  }

  /** One product of random numbers, with what it reads and writes on the GPU. */
  private static final class Case {
    final int n;
    final int k;
    final int stride;
    final float[] w;
    final float[] x;
    final float[] before;
    final float[] bias;

    Case(int n, int k) {
      this.n = n;
      this.k = k;
      stride = n + 3;
      Random random = new Random(n + k);
      w = numbers(random, n * k);
      x = numbers(random, CAPACITY * k);
      before = numbers(random, CAPACITY * stride);
      bias = numbers(random, n);
    }

    /** Exact in bf16. */
    private static float[] numbers(Random random, int count) {
      float[] numbers = new float[count];
      for (int i = 0; i < count; i++) {
        numbers[i] = (random.nextInt(255) - 127) / 64f;
      }
      return numbers;
    }

    double expected(int row, int column, boolean biased, boolean accumulate) {
      double sum = (accumulate ? before[row * stride + column] : 0) + (biased ? bias[column] : 0);
      for (int i = 0; i < k; i++) {
        sum += (double) x[row * k + i] * w[column * k + i];
      }
      return sum;
    }
  }

  private static DeviceBuffer upload(Gpu gpu, CudaStream stream, float[] values, boolean bf16) {
    int size = bf16 ? Short.BYTES : Float.BYTES;
    PinnedBuffer host = gpu.pin((long) values.length * size);
    for (int i = 0; i < values.length; i++) {
      if (bf16) {
        short high = (short) (Float.floatToRawIntBits(values[i]) >>> 16);
        host.memory().setAtIndex(ValueLayout.JAVA_SHORT, i, high);
      } else {
        host.memory().setAtIndex(ValueLayout.JAVA_FLOAT, i, values[i]);
      }
    }
    long bytes = (long) values.length * size;
    DeviceBuffer buffer = gpu.allocate(bytes, "a test").take(bytes);
    stream.copy(buffer, host, 0);
    return buffer;
  }

  /** What y is after a product of 150 rows. */
  private static float[] product(
      Gpu gpu, Case it, WeightFormat format, boolean biased, boolean accumulate, int sliceRows) {
    CudaStream stream = gpu.newStream();
    GemmKernels kernels = new GemmKernels(KernelModules.load(gpu), CublasLt.find(gpu));
    DeviceBuffer w = upload(gpu, stream, it.w, format == WeightFormat.BF16);
    DeviceBuffer x = upload(gpu, stream, it.x, true);
    DeviceBuffer y = upload(gpu, stream, it.before, false);
    @Nullable DeviceBuffer bias = biased ? upload(gpu, stream, it.bias, false) : null;
    DeviceBuffer count = upload(gpu, stream, new float[] {Float.intBitsToFloat(150)}, false);
    long sliceBytes = 2L * sliceRows * it.k;
    GemmKernels.Workspace workspace =
        new GemmKernels.Workspace(
            gpu.allocate(sliceBytes, "a slice").take(sliceBytes),
            gpu.allocate(kernels.libraryBytes(), "the library").take(kernels.libraryBytes()));
    WeightMatrix matrix = new WeightMatrix(format, w, it.n, it.k);
    kernels.multiply(
        stream, matrix, x, bias, y, it.stride, count, 150, CAPACITY, accumulate, workspace);
    PinnedBuffer host = gpu.pin(y.sizeBytes());
    stream.copy(host, 0, y);
    stream.synchronize();
    float[] result = new float[it.before.length];
    MemorySegment.copy(host.memory(), ValueLayout.JAVA_FLOAT, 0, result, 0, result.length);
    return result;
  }

  @ParameterizedTest
  @CsvSource({
    "true, BF16, 70, 72, false, false, 70",
    "true, BF16, 130, 40, false, true, 130",
    "true, BF16, 1, 40, false, true, 1", // which the library refuses
    "true, BF16, 33, 40, true, true, 33", // with a bias, which is the own kernel's
    "true, F32, 70, 72, false, true, 32",
    "true, F32, 70, 72, true, false, 70",
    "false, BF16, 130, 72, true, true, 130",
    "false, F32, 140, 72, false, false, 64",
  })
  void equalsTheSumsInDoublePrecision(
      boolean library,
      WeightFormat format,
      int n,
      int k,
      boolean biased,
      boolean accumulate,
      int sliceRows) {
    Case it = new Case(n, k);
    try (Gpu gpu = Gpu.open(settings(library))) {
      float[] y = gpu.call(() -> product(gpu, it, format, biased, accumulate, sliceRows));
      boolean served = library && n > 1 && (!biased || format != WeightFormat.BF16);
      assertThat(standIn.calls("cublasLtMatmul") > 0).isEqualTo(served);
      for (int row = 0; row < 150; row++) {
        for (int column = 0; column < it.stride; column++) {
          int at = row * it.stride + column;
          if (column < n) {
            assertThat((double) y[at])
                .isCloseTo(it.expected(row, column, biased, accumulate), within(1e-4));
          } else {
            assertThat(y[at]).as("beyond the columns").isEqualTo(it.before[at]);
          }
        }
      }
    }
  }

  @Test
  void eachShapeIsPlannedOnce() {
    try (Gpu gpu = Gpu.open(settings(true))) {
      gpu.run(() -> {
        CudaStream stream = gpu.newStream();
        CublasLt library = Objects.requireNonNull(CublasLt.find(gpu));
        assertThat(library.versionText()).isEqualTo("13.0");
        DeviceBuffer w = upload(gpu, stream, new float[16 * 8], true);
        DeviceBuffer x = upload(gpu, stream, new float[64 * 8], true);
        DeviceBuffer y = upload(gpu, stream, new float[64 * 16], false);
        DeviceBuffer room =
            gpu.allocate(CublasLt.WORKSPACE_BYTES, "it").take(CublasLt.WORKSPACE_BYTES);
        for (int i = 0; i < 3; i++) {
          assertThat(library.multiply(stream, w, x, y, 64, 16, 8, 16, i > 0, room)).isTrue();
        }
        stream.synchronize();
      });
      assertThat(standIn.calls("cublasLtMatmul")).isEqualTo(3);
      assertThat(standIn.calls("cublasLtMatmulAlgoGetHeuristic")).isEqualTo(1);
    }
  }

  @Test
  void everyCallOfTheLibraryThatFailsIsOneErrorAndLeavesNothing() {
    Case it = new Case(70, 72);
    for (String call :
        new String[] {
          "cublasLtCreate",
          "cublasLtMatmulDescCreate",
          "cublasLtMatmulDescSetAttribute",
          "cublasLtMatmulPreferenceCreate",
          "cublasLtMatmulPreferenceSetAttribute",
          "cublasLtMatrixLayoutCreate",
          "cublasLtMatmulAlgoGetHeuristic",
          "cublasLtMatmul",
        }) {
      try (Gpu gpu = Gpu.open(settings(true))) {
        standIn.fail(call, 1, 999);
        assertThatThrownBy(
                () -> gpu.call(() -> product(gpu, it, WeightFormat.BF16, false, false, 70)))
            .isInstanceOf(CudaException.class)
            .hasMessage(call + ": CUBLAS_STATUS_EXECUTION_FAILED (13)");
      }
      assertThat(standIn.leaks()).as(call).isEmpty();
    }
  }
}
