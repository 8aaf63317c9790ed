package dev.baton.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.cuda.CudaDiscovery.Found;
import dev.baton.cuda.CudaDiscovery.Unavailable;
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
  void answersTheSameWhenAskedAgain() {
    assertThat(CudaDiscovery.discover()).isSameAs(CudaDiscovery.discover());
  }
}
