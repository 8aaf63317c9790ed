package dev.baton.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.baton.cuda.Kernel.Signature;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Which form of the kernels a driver takes. The stand-in takes its own modules only: those lie here
 * under the name of the form that is to be taken.
 */
final class KernelModulesTest {
  private static final Signature SWIGLU = new Signature("swiglu", "pppi");
  private static final int NO_BINARY_FOR_GPU = 209;
  private static final int UNSUPPORTED_PTX_VERSION = 222;
  private static final String PTX =
      """
      // Cuda compilation tools, release 13.0, V13.0.88
      .version 7.8
      .target sm_80
      """;

  @TempDir Path build;
  private StandIn standIn;

  @BeforeEach
  void loadStandIn() throws IOException {
    standIn = StandIn.require();
    Files.writeString(build.resolve("kernels.index"), "all\n");
  }

  @AfterEach
  void nothingIsLeft() {
    assertThat(standIn.leaks()).isEmpty();
    standIn.reset();
  }

  private void isFatbin() throws IOException {
    Files.copy(StandIn.file("kernels.host.so"), build.resolve("all.fatbin"));
  }

  private void isPtx() throws IOException {
    Files.copy(StandIn.file("kernels.host.so"), build.resolve("all.ptx"));
  }

  /** Loads the kernels and finds one of them; returns how many modules the driver was offered. */
  private long load() {
    try (Gpu gpu = Gpu.open(StandIn.with(build))) {
      gpu.run(() -> KernelModules.load(gpu).kernel(SWIGLU));
      return standIn.calls("cuModuleLoadData");
    }
  }

  @Test
  void takesTheMachineCodeWhereTheDriverDoes() throws IOException {
    isFatbin();
    Files.writeString(build.resolve("all.ptx"), PTX);
    assertThat(load()).isEqualTo(1);
  }

  @Test
  void aDriverOlderThanTheMachineCodeGetsThePtx() throws IOException {
    Files.writeString(build.resolve("all.fatbin"), "of a newer toolkit");
    isPtx();
    standIn.driverVersion(12_020);
    assertThat(load()).isEqualTo(2);
  }

  @Test
  void aBuildWithoutTheMachineCodeGivesThePtx() throws IOException {
    isPtx();
    assertThat(load()).isEqualTo(1);
  }

  @Test
  void whereNeitherLoadsBothVersionsAndBothRefusalsAreNamed() throws IOException {
    Files.writeString(build.resolve("all.fatbin"), "of a newer toolkit");
    Files.writeString(build.resolve("all.ptx"), PTX);
    standIn.driverVersion(12_020);
    standIn.fail("cuModuleLoadData", 2, UNSUPPORTED_PTX_VERSION);
    assertThatThrownBy(this::load)
        .isInstanceOf(CudaUnavailableException.class)
        .hasMessageContaining("machine code of CUDA 13.0, PTX 7.8")
        .hasMessageContaining("CPU stand-in with a driver for CUDA 12.2")
        .hasMessageContaining("(%d)".formatted(NO_BINARY_FOR_GPU))
        .hasMessageContaining("(%d)".formatted(UNSUPPORTED_PTX_VERSION))
        .hasMessageContaining("Update the NVIDIA driver");
  }

  @Test
  void anotherFailureIsNotTakenForTheWrongForm() throws IOException {
    isFatbin();
    isPtx();
    standIn.fail("cuModuleLoadData", 1, CudaException.OUT_OF_MEMORY);
    assertThatThrownBy(this::load)
        .isInstanceOf(CudaException.class)
        .hasMessageContaining("OUT_OF_MEMORY");
  }

  @Test
  void aBuildThatLacksAKernelsCodeIsSaid() {
    assertThatThrownBy(this::load)
        .isInstanceOf(CudaUnavailableException.class)
        .hasMessageContaining("'all' do not load")
        .hasMessageContaining("the build has neither fatbin nor PTX");
  }

  @Test
  void kernelsOfAnotherVersionAreSaid() throws IOException {
    Files.copy(StandIn.file("faulty.host.so"), build.resolve("all.fatbin"));
    assertThatThrownBy(this::load)
        .isInstanceOf(CudaUnavailableException.class)
        .hasMessageContaining("the GPU kernels lack 'swiglu'")
        .hasMessageContaining("another version of Baton");
  }

  @Test
  void aBuildWithoutKernelsIsSaid() {
    assumeTrue(
        KernelModules.class.getResource("kernels/kernels.index") == null,
        "this build has GPU kernels");
    CudaSettings settings = new CudaSettings(0, StandIn.file("libcuda.so.1"), null, null);
    assertThat(Gpu.withoutKernels(settings))
        .contains("without nvcc")
        .contains("baton.cuda.kernels");
    try (Gpu gpu = Gpu.open(settings)) {
      assertThatThrownBy(() -> gpu.run(() -> KernelModules.load(gpu)))
          .isInstanceOf(CudaUnavailableException.class)
          .hasMessage(Gpu.withoutKernels(settings));
    }
  }
}
