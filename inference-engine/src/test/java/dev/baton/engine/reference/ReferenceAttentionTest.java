package dev.baton.engine.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class ReferenceAttentionTest {
  private static final double[] QUERY = {1, 2};

  @Test
  void oneKeyGivesItsValueAndItsScore() {
    var state =
        ReferenceAttention.attend(QUERY, new double[][] {{3, 4}}, new double[][] {{5, -6}}, 0.5);
    assertThat(state.output()).containsExactly(5, -6);
    assertThat(state.logSumExp()).isEqualTo(5.5);
  }

  @Test
  void equalKeysGiveTheMeanAndAddTheLogOfTheirCount() {
    double[][] keys = {{1, 1}, {1, 1}, {1, 1}, {1, 1}};
    double[][] values = {{0, 8}, {4, 0}, {4, 0}, {0, 0}};
    var state = ReferenceAttention.attend(QUERY, keys, values, 1);
    assertThat(state.output()).containsExactly(2, 2);
    assertThat(state.logSumExp()).isCloseTo(3 + Math.log(4), within(1e-15));
  }

  @Test
  void hugeScoresDoNotOverflow() {
    double[][] keys = {{1e6, 0}, {-1e6, 0}};
    double[][] values = {{1, 0}, {0, 1}};
    var state = ReferenceAttention.attend(QUERY, keys, values, 1);
    assertThat(state.output()).containsExactly(1, 0);
    assertThat(state.logSumExp()).isEqualTo(1e6);
  }

  @Test
  void nothingToAttendToHasNoWeight() {
    var state = ReferenceAttention.attend(QUERY, new double[0][], new double[0][], 1);
    assertThat(state.output()).containsExactly(0, 0);
    assertThat(state.logSumExp()).isEqualTo(Double.NEGATIVE_INFINITY);
  }

  @Test
  void flatArraysAreReadAtTheirStride() {
    float[] query = {9, 1, 2};
    float[] keys = {9, 3, 4, 9, 9, 0, 1, 9};
    float[] values = {9, 5, 6, 9, 9, 7, 8, 9};
    var flat = ReferenceAttention.attend(query, 1, 2, keys, values, 1, 4, 2, 0.25);
    var plain =
        ReferenceAttention.attend(
            QUERY, new double[][] {{3, 4}, {0, 1}}, new double[][] {{5, 6}, {7, 8}}, 0.25);
    assertThat(flat.output()).containsExactly(plain.output());
    assertThat(flat.logSumExp()).isEqualTo(plain.logSumExp());
  }
}
