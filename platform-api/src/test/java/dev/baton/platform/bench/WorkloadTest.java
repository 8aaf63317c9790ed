package dev.baton.platform.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

final class WorkloadTest {
  private static Workload draw(int tenants, double zipf, double rate, long seed) {
    return Workload.draw(
        new Workload.Shape(
            tenants, zipf, 512, 2048, Lengths.SHAREGPT_PROMPTS, Lengths.fixed(32), 20_000, rate),
        seed);
  }

  @Test
  void equalSeedsAskTheSame() {
    assertThat(draw(4, 1, 2, 7)).isEqualTo(draw(4, 1, 2, 7)).isNotEqualTo(draw(4, 1, 2, 8));
  }

  @Test
  void tenantsGetRequestsInProportionToTheirRank() {
    int[] counts = new int[4];
    draw(4, 1, 0, 1).requests().forEach(request -> counts[request.tenant()]++);
    double total = 1 + 1 / 2.0 + 1 / 3.0 + 1 / 4.0;
    for (int k = 0; k < 4; k++) {
      assertThat(counts[k])
          .isCloseTo((int) (20_000 / (k + 1) / total), Percentage.withPercentage(5));
    }
  }

  @Test
  void poissonArrivalsComeAtTheirRate() {
    List<Workload.Request> requests = draw(1, 0, 5, 1).requests();
    assertThat(requests.getLast().arrivalSeconds()).isCloseTo(4000, Percentage.withPercentage(3));
    assertThat(requests)
        .isSortedAccordingTo((a, b) -> Double.compare(a.arrivalSeconds(), b.arrivalSeconds()));
    assertThat(draw(1, 0, 0, 1).requests().getLast().arrivalSeconds()).isZero();
  }

  @Test
  void lengthsHaveTheMedianAndTheMeanOfShareGpt() {
    Random random = new Random(1);
    Lengths unbounded = new Lengths(112, 251, 1, Integer.MAX_VALUE);
    int[] drawn = new int[100_000];
    Arrays.setAll(drawn, i -> unbounded.draw(random));
    Arrays.sort(drawn);
    assertThat(drawn[50_000]).isCloseTo(112, Percentage.withPercentage(3));
    assertThat(Arrays.stream(drawn).average().orElseThrow())
        .isCloseTo(251, Percentage.withPercentage(4));
    for (int i = 0; i < 1000; i++) {
      assertThat(Lengths.SHAREGPT_ANSWERS.draw(random)).isBetween(4, 1024);
    }
    assertThat(Lengths.fixed(9).draw(random)).isEqualTo(9);
    assertThatIllegalArgumentException().isThrownBy(() -> new Lengths(10, 5, 1, 2));
  }

  @Test
  void textsAreOfTheLengthThatWasAskedFor() {
    Words words = new Words(1.25);
    assertThat(words.text(100, 1).split(" ")).hasSize(80);
    assertThat(words.text(100, 1)).isEqualTo(words.text(100, 1)).isNotEqualTo(words.text(100, 2));
  }
}
