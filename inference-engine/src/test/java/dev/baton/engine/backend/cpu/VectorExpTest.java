package dev.baton.engine.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;

class VectorExpTest {

  @Test
  void staysWithinTwoUlpOfTheExactResult() {
    double worst = 0;
    float step = 0.00137f;
    for (float x = VectorExp.LOWEST; x < VectorExp.HIGHEST; x += step) {
      double exact = Math.exp(x);
      worst = Math.max(worst, Math.abs(exp(x) - exact) / Math.ulp((float) exact));
    }
    assertThat(worst).isLessThan(2);
  }

  @Test
  void isExactAtZero() {
    assertThat(exp(0f)).isEqualTo(1f);
    assertThat(exp(-0f)).isEqualTo(1f);
  }

  @Test
  void isZeroFarBelow() {
    assertThat(exp(-88f)).isZero();
    assertThat(exp(-1e30f)).isZero();
    assertThat(exp(-Float.MAX_VALUE)).isZero();
    assertThat(exp(Float.NEGATIVE_INFINITY)).isZero();
  }

  @Test
  void staysFiniteFarAbove() {
    assertThat(exp(1e30f)).isBetween(1e38f, Float.MAX_VALUE);
    assertThat(exp(Float.POSITIVE_INFINITY)).isBetween(1e38f, Float.MAX_VALUE);
  }

  private static float exp(float x) {
    return VectorExp.exp(FloatVector.broadcast(Lanes.SPECIES, x)).lane(0);
  }
}
