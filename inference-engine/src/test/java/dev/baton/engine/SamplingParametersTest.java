package dev.baton.engine;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;

final class SamplingParametersTest {

  @Test
  void namesTheParameterAndItsRange() {
    assertThatThrownBy(() -> new SamplingParameters(-1, 0, 1, 0, 1, 0, 0, Map.of(), 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("temperature must be between 0.0 and 2.0, not -1.0");
    assertThatThrownBy(() -> new SamplingParameters(0, 0, 0, 0, 1, 0, 0, Map.of(), 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("top_p must be greater than 0");
  }

  @Test
  void refusesNaN() {
    assertThatThrownBy(() -> new SamplingParameters(Double.NaN, 0, 1, 0, 1, 0, 0, Map.of(), 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("temperature");
  }
}
