package dev.baton.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.baton.cuda.Kernel.Signature;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The device layer over the real JCuda and the driver stand-in. */
final class GpuTest {
  private static final Signature THROUGH_SHARED = new Signature("through_shared", "p");
  private static final Signature WRITE_AT = new Signature("write_at", "pl");
  private static final Launch ONE_BLOCK = Launch.of(1, 128);

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

  /** All that a test needs of a GPU, made on its thread. */
  private record Bench(
      Gpu gpu, CudaStream stream, DeviceBuffer buffer, PinnedBuffer host, KernelModules kernels) {
    static Bench open() {
      Gpu gpu = Gpu.open(StandIn.faulty());
      return gpu.call(() ->
          new Bench(
              gpu,
              gpu.newStream(),
              gpu.allocate(4096, "a test").take(512),
              gpu.pin(512),
              KernelModules.load(gpu)));
    }

    float hostValue(int i) {
      return host.memory().getAtIndex(ValueLayout.JAVA_FLOAT, i);
    }

    void read() {
      stream.copy(host, 0, buffer);
    }
  }

  @Test
  void aKernelRunsAndItsResultComesBackAfterTheWait() {
    Bench bench = Bench.open();
    try (Gpu gpu = bench.gpu()) {
      gpu.run(() -> {
        bench.host().memory().fill((byte) 0);
        bench
            .kernels()
            .kernel(THROUGH_SHARED)
            .pointer(bench.buffer())
            .launch(bench.stream(), ONE_BLOCK);
        bench.read();
        assertThat(bench.hostValue(0)).as("before the wait").isZero();
        bench.stream().synchronize();
      });
      for (int i = 0; i < 128; i++) {
        assertThat(bench.hostValue(i)).isEqualTo((i + 33) % 128);
      }
    }
  }

  @Test
  void aGraphReplaysWhatWasRecorded() {
    Bench bench = Bench.open();
    try (Gpu gpu = bench.gpu()) {
      gpu.run(() -> {
        Kernel kernel = bench.kernels().kernel(WRITE_AT);
        CudaGraph graph =
            gpu.capture(
                bench.stream(),
                () -> {
                  bench.stream().clear(bench.buffer());
                  kernel
                      .pointer(bench.buffer())
                      .number(8L)
                      .launch(bench.stream(), Launch.of(1, 32));
                  bench.read();
                });
        kernel.pointer(bench.buffer()).number(0L);
        for (int run = 0; run < 2; run++) {
          bench.host().memory().fill((byte) 7);
          graph.launch(bench.stream());
          bench.stream().synchronize();
          assertThat(bench.hostValue(7)).isZero();
          assertThat(bench.hostValue(8)).isEqualTo(1);
          assertThat(bench.hostValue(40)).isZero();
        }
      });
    }
  }

  @Test
  void waitingInACaptureIsAnErrorAndTheStreamGoesOn() {
    Bench bench = Bench.open();
    try (Gpu gpu = bench.gpu()) {
      gpu.run(() -> {
        assertThatThrownBy(() -> gpu.capture(bench.stream(), () -> bench.stream().synchronize()))
            .isInstanceOf(CudaException.class)
            .hasMessageContaining("cuStreamSynchronize")
            .hasMessageContaining("STREAM_CAPTURE_UNSUPPORTED");
        bench.stream().clear(bench.buffer());
        bench.stream().synchronize();
      });
    }
  }

  @Test
  void aWriteOutsideOfMemoryIsAStickyErrorThatNamesTheKernel() {
    Bench bench = Bench.open();
    try (Gpu gpu = bench.gpu()) {
      CudaException failure =
          catchThrowableOfType(
              CudaException.class,
              () ->
                  gpu.run(() -> {
                    bench
                        .kernels()
                        .kernel(WRITE_AT)
                        .pointer(bench.buffer())
                        .number(1L << 20)
                        .launch(bench.stream(), Launch.of(1, 32));
                    bench.stream().synchronize();
                  }));
      assertThat(failure.sticky()).isTrue();
      assertThat(failure)
          .hasMessageContaining("CUDA_ERROR_ILLEGAL_ADDRESS")
          .hasMessageContaining("write_at")
          .hasMessageContaining("restart this process");
      assertThatThrownBy(() -> gpu.run(() -> bench.stream().synchronize()))
          .isInstanceOf(CudaException.class);
    }
  }

  @Test
  void aDivergingBarrierIsALaunchFailure() {
    Bench bench = Bench.open();
    try (Gpu gpu = bench.gpu()) {
      assertThatThrownBy(() ->
              gpu.run(() -> {
                bench
                    .kernels()
                    .kernel(new Signature("diverging_barrier", "p"))
                    .pointer(bench.buffer())
                    .launch(bench.stream(), ONE_BLOCK);
                bench.stream().synchronize();
              }))
          .isInstanceOf(CudaException.class)
          .hasMessageContaining("CUDA_ERROR_LAUNCH_FAILED");
    }
  }

  @Test
  void whatTheStandInDoesNotServeIsAnErrorAndNotTheEndOfTheJvm() {
    int status =
        jcuda.driver.JCudaDriver.cuMemAllocPitch(
            new jcuda.driver.CUdeviceptr(), new long[1], 64, 64, 4);
    assertThat(status).isEqualTo(jcuda.driver.CUresult.CUDA_ERROR_NOT_SUPPORTED);
  }

  @Test
  void aLeakIsSeenWhenTheContextEnds() {
    Gpu gpu = Gpu.open(StandIn.faulty());
    gpu.run(() -> Driver.allocate(100));
    gpu.close();
    assertThat(standIn.leaks()).isEqualTo("1 device allocations");
    Gpu.open(StandIn.faulty()).close();
  }

  @Test
  void tooLittleMemoryIsSaidWithTheSizes() {
    standIn.memoryBytes(64 << 20);
    try (Gpu gpu = Gpu.open(StandIn.faulty())) {
      CudaException failure =
          catchThrowableOfType(
              CudaException.class,
              () -> gpu.run(() -> gpu.allocate(100 << 20, "the weights of a model")));
      assertThat(failure.outOfMemory()).isTrue();
      assertThat(failure)
          .hasMessage(
              "GPU 0 (CPU stand-in) has no room for the weights of a model: 100 MiB wanted, 64 MiB"
                  + " are free of 64 MiB");
    }
  }

  @Test
  void everyCallThatFailsIsOneClearErrorWithNothingLeft() {
    for (String symbol :
        new String[] {
          "cuInit",
          "cuDevicePrimaryCtxRetain",
          "cuCtxSetCurrent",
          "cuStreamCreate",
          "cuMemAlloc_v2",
          "cuMemHostAlloc",
          "cuModuleLoadData",
        }) {
      standIn.fail(symbol, 1, 999);
      assertThatThrownBy(() -> Bench.open().gpu().close())
          .as(symbol)
          .isInstanceOfAny(CudaException.class, CudaUnavailableException.class)
          .hasMessageContaining("CUDA_ERROR_UNKNOWN");
      standIn.reset();
    }
  }

  @Test
  void otherThreadsAreKeptFromTheDriver() {
    Bench bench = Bench.open();
    try (Gpu gpu = bench.gpu()) {
      assertThatThrownBy(() -> bench.stream().synchronize())
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("'gpu-0' only");
    }
  }

  @Test
  void anInterruptDoesNotEndTheWaitAndIsKept() {
    try (Gpu gpu = Gpu.open(StandIn.faulty())) {
      AtomicReference<String> thread = new AtomicReference<>();
      Thread.currentThread().interrupt();
      gpu.run(() -> thread.set(Thread.currentThread().getName()));
      assertThat(Thread.interrupted()).isTrue();
      assertThat(thread.get()).isEqualTo("gpu-0");
    }
  }

  @Test
  void argumentsOfAnotherKindAreRefused() {
    Bench bench = Bench.open();
    try (Gpu gpu = bench.gpu()) {
      Kernel kernel = gpu.call(() -> bench.kernels().kernel(WRITE_AT));
      assertThatThrownBy(() -> kernel.pointer(bench.buffer()).number(1))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("write_at(pl): argument 1");
      assertThatThrownBy(
              () -> gpu.run(() -> kernel.pointer(bench.buffer()).launch(bench.stream(), ONE_BLOCK)))
          .hasMessageContaining("takes 2 arguments, 1 were given");
    }
  }
}
