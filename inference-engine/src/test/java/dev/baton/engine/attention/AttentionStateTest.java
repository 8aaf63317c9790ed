package dev.baton.engine.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

class AttentionStateTest {
  private static final int HEAD_DIM = 5;

  private final Random random = new Random(11);

  @Test
  void emptyIsTheIdentity() {
    AttentionState state = random(3);
    assertSame(state.merge(AttentionState.empty(HEAD_DIM)), state, 0);
    assertSame(AttentionState.empty(HEAD_DIM).merge(state), state, 0);
  }

  @Test
  void emptyWithEmptyIsEmpty() {
    AttentionState merged = AttentionState.empty(HEAD_DIM).merge(AttentionState.empty(HEAD_DIM));
    assertSame(merged, AttentionState.empty(HEAD_DIM), 0);
  }

  @Test
  void mergeIsCommutative() {
    for (int i = 0; i < 1000; i++) {
      AttentionState a = random(20);
      AttentionState b = random(20);
      assertSame(a.merge(b), b.merge(a), 1e-6);
    }
  }

  @Test
  void mergeIsAssociative() {
    for (int i = 0; i < 1000; i++) {
      AttentionState a = random(20);
      AttentionState b = random(20);
      AttentionState c = random(20);
      assertSame(a.merge(b).merge(c), a.merge(b.merge(c)), 2e-6);
    }
  }

  @Test
  void mergeOfDisjointKeysIsAttentionToTheirUnion() {
    double[] scores = new double[40];
    double[][] values = new double[scores.length][HEAD_DIM];
    for (int j = 0; j < scores.length; j++) {
      scores[j] = random.nextGaussian() * 8;
      for (int i = 0; i < HEAD_DIM; i++) {
        values[j][i] = random.nextGaussian();
      }
    }
    AttentionState whole = attend(scores, values, 0, 40);
    for (int cut = 0; cut <= scores.length; cut++) {
      AttentionState merged = attend(scores, values, 0, cut).merge(attend(scores, values, cut, 40));
      assertSame(merged, whole, 1e-6);
    }
  }

  @Test
  void hugeDifferencesKeepTheLargerPart() {
    for (float gap : new float[] {200f, 1e6f, 1e30f}) {
      AttentionState large = new AttentionState(new float[] {1, 2}, gap / 2);
      AttentionState small = new AttentionState(new float[] {7, -9}, -gap / 2);
      assertSame(large.merge(small), large, 0);
      assertSame(small.merge(large), large, 0);
    }
  }

  @Test
  void equalPartsGiveTheMean() {
    AttentionState merged =
        new AttentionState(new float[] {1, 5}, -1e30f)
            .merge(new AttentionState(new float[] {3, 7}, -1e30f));
    assertThat(merged.output()).containsExactly(2, 6);
  }

  private AttentionState random(double spread) {
    float[] output = new float[HEAD_DIM];
    for (int i = 0; i < HEAD_DIM; i++) {
      output[i] = (float) random.nextGaussian();
    }
    return new AttentionState(output, (float) (random.nextGaussian() * spread));
  }

  private static AttentionState attend(double[] scores, double[][] values, int from, int to) {
    if (from == to) {
      return AttentionState.empty(HEAD_DIM);
    }
    double sum = 0;
    double[] output = new double[HEAD_DIM];
    for (int j = from; j < to; j++) {
      sum += Math.exp(scores[j]);
      for (int i = 0; i < HEAD_DIM; i++) {
        output[i] += Math.exp(scores[j]) * values[j][i];
      }
    }
    float[] normalised = new float[HEAD_DIM];
    for (int i = 0; i < HEAD_DIM; i++) {
      normalised[i] = (float) (output[i] / sum);
    }
    return new AttentionState(normalised, (float) Math.log(sum));
  }

  private static void assertSame(AttentionState actual, AttentionState expected, double relative) {
    if (expected.logSumExp() == Float.NEGATIVE_INFINITY) {
      assertThat(actual.logSumExp()).isEqualTo(expected.logSumExp());
    } else {
      double allowed = relative * Math.max(1, Math.abs(expected.logSumExp()));
      assertThat((double) actual.logSumExp()).isCloseTo(expected.logSumExp(), within(allowed));
    }
    for (int i = 0; i < expected.output().length; i++) {
      assertThat((double) actual.output()[i]).isCloseTo(expected.output()[i], within(4 * relative));
    }
  }
}
