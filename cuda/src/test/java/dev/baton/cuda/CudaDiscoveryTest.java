package dev.baton.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.cuda.CudaDiscovery.Found;
import dev.baton.cuda.CudaDiscovery.Unavailable;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

final class CudaDiscoveryTest {

  @Test
  void saysWhatItFoundOrWhyNothing() {
    switch (CudaDiscovery.discover()) {
      case Found found -> {
        assertThat(found.driverVersion()).isGreaterThan(11000);
        assertThat(found.devices()).allMatch(device -> device.memoryBytes() > 0);
      }
      case Unavailable unavailable ->
          assertThat(unavailable.reason()).containsAnyOf("libcuda.so.1", "NVIDIA driver");
    }
  }

  @Test
  void findsTheDeviceOfTheStandIn() {
    StandIn.require();
    assertThat(CudaDiscovery.discover(StandIn.settings()))
        .isInstanceOfSatisfying(
            Found.class,
            found -> {
              assertThat(found.driverVersion()).isEqualTo(13000);
              assertThat(found.devices())
                  .containsExactly(new CudaDiscovery.CudaDevice(0, "CPU stand-in", 90, 1L << 30));
            });
  }

  @Test
  void aDriverThatShowsNoGpuIsSaid() {
    StandIn standIn = StandIn.require();
    standIn.devices(0);
    assertThat(CudaDiscovery.discover(StandIn.settings()))
        .isInstanceOfSatisfying(
            Unavailable.class, none -> assertThat(none.reason()).contains("CUDA_ERROR_NO_DEVICE"));
    standIn.reset();
  }

  @Test
  void aDriverTooOldForTheKernelsIsRefusedInWords() {
    StandIn standIn = StandIn.require();
    standIn.driverVersion(11080);
    assertThatThrownBy(() -> Gpu.open(StandIn.settings()))
        .isInstanceOf(CudaUnavailableException.class)
        .hasMessageContaining("too old: it speaks CUDA 11.8")
        .hasMessageContaining("12.0 (driver 525)");
    standIn.reset();
  }

  @Test
  void aGpuTooOldForTheKernelsIsRefusedInWords() {
    StandIn standIn = StandIn.require();
    standIn.capability(75);
    assertThatThrownBy(() -> Gpu.open(StandIn.settings()))
        .isInstanceOf(CudaUnavailableException.class)
        .hasMessageContaining("CPU stand-in")
        .hasMessageContaining("compute capability 7.5")
        .hasMessageContaining("8.0 (Ampere)");
    standIn.reset();
  }

  @Test
  void aGpuThatIsNotThereIsRefusedInWords() {
    StandIn.require();
    CudaSettings there = StandIn.settings();
    assertThatThrownBy(() -> Gpu.open(new CudaSettings(3, there.driver(), null, null)))
        .isInstanceOf(CudaUnavailableException.class)
        .hasMessage("there is no GPU 3: this process sees 1");
  }

  @Test
  void kernelsThatAreNotThereAreNamed() {
    StandIn standIn = StandIn.require();
    try (Gpu gpu = Gpu.open(StandIn.with(Path.of("/nowhere")))) {
      assertThatThrownBy(() -> gpu.call(() -> KernelModules.load(gpu)))
          .isInstanceOf(CudaUnavailableException.class)
          .hasMessage("there are no GPU kernels in /nowhere: kernels.index is missing");
    }
    assertThat(standIn.leaks()).isEmpty();
  }
}
