package dev.baton.engine.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CpuRelayCostModelTest {
  private final CpuRelayCostModel model = new CpuRelayCostModel();

  @Test
  void oneSequenceHasNothingToShare() {
    assertThat(model.relayPays(1, 1, 100_000)).isFalse();
    assertThat(model.relayPays(1, 512, 100_000)).isFalse();
  }

  @Test
  void manySequencesBehindALongPromptRelay() {
    assertThat(model.relayPays(8, 8, 2048)).isTrue();
    assertThat(model.relayPays(32, 32, 512)).isTrue();
    assertThat(model.relayPays(2, 2, 512)).isTrue();
  }

  @Test
  void aShortPromptIsNotWorthTheMerge() {
    assertThat(model.relayPays(32, 32, 64)).isFalse();
    assertThat(model.relayPays(2, 2, 200)).isFalse();
    assertThat(model.relayPays(8, 8, 0)).isFalse();
  }

  @Test
  void longChunksShareTheirReadsAlready() {
    assertThat(model.relayPays(4, 512, 2048)).isFalse();
    assertThat(model.relayPays(16, 64, 2048)).isTrue();
  }
}
