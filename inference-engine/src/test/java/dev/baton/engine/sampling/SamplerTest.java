package dev.baton.engine.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.sun.management.ThreadMXBean;
import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.SamplingParameters;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SamplerTest {

  /** Parameters with one thing changed at a time. */
  private record Draft(
      double temperature,
      int topK,
      double topP,
      double minP,
      double repetition,
      double frequency,
      double presence,
      Map<Integer, Float> bias,
      long seed) {
    static final Draft GREEDY = new Draft(0, 0, 1, 0, 1, 0, 0, Map.of(), 0);
    static final Draft DRAWN = new Draft(1, 0, 1, 0, 1, 0, 0, Map.of(), 42);

    Draft truncated(int topK, double topP, double minP) {
      return new Draft(temperature, topK, topP, minP, repetition, frequency, presence, bias, seed);
    }

    Draft penalized(double repetition, double frequency, double presence) {
      return new Draft(temperature, topK, topP, minP, repetition, frequency, presence, bias, seed);
    }

    Draft at(double temperature) {
      return new Draft(temperature, topK, topP, minP, repetition, frequency, presence, bias, seed);
    }

    Draft biased(Map<Integer, Float> bias) {
      return new Draft(temperature, topK, topP, minP, repetition, frequency, presence, bias, seed);
    }

    Draft seeded(long seed) {
      return new Draft(temperature, topK, topP, minP, repetition, frequency, presence, bias, seed);
    }

    Sampler sampler(int vocabSize, int... prompt) {
      SamplingParameters parameters =
          new SamplingParameters(
              temperature, topK, topP, minP, repetition, frequency, presence, bias, seed);
      return new Sampler(parameters, vocabSize, prompt);
    }
  }

  private static float[] randomLogits(Random random, int size, double spread) {
    float[] logits = new float[size];
    for (int i = 0; i < size; i++) {
      logits[i] = (float) (random.nextGaussian() * spread);
    }
    return logits;
  }

  private static double[] softmax(float[] logits, double temperature) {
    double max = Double.NEGATIVE_INFINITY;
    for (float logit : logits) {
      max = Math.max(max, logit);
    }
    double[] shares = new double[logits.length];
    double sum = 0;
    for (int i = 0; i < logits.length; i++) {
      shares[i] = Math.exp((logits[i] - max) / temperature);
      sum += shares[i];
    }
    for (int i = 0; i < logits.length; i++) {
      shares[i] /= sum;
    }
    return shares;
  }

  private static Integer[] byFallingLogit(float[] logits) {
    return IntStream.range(0, logits.length)
        .boxed()
        .sorted(
            Comparator.<Integer>comparingDouble(id -> -(logits[id] + 0f)).thenComparing(id -> id))
        .toArray(Integer[]::new);
  }

  @Test
  void greedyTakesTheGreatestLogitAndTheLowestIdOfEquals() {
    float[] logits = {-1, 3, 2, 3, -0f};
    assertThat(Draft.GREEDY.sampler(5).sample(logits, 0).id()).isEqualTo(1);
    assertThat(Draft.GREEDY.sampler(2).sample(new float[] {-0f, 0f}, 0).id()).isEqualTo(0);
  }

  @Test
  void reportsTheModelsOwnLogProbabilities() {
    Random random = new Random(5);
    for (int size : new int[] {1, 7, 1024, 5000}) {
      float[] logits = randomLogits(random, size, 6);
      double[] shares = softmax(logits, 1);
      Integer[] order = byFallingLogit(logits);
      SampledToken token =
          Draft.DRAWN
              .at(0.3)
              .penalized(1.7, 0.5, 1)
              .biased(Map.of(0, 50f))
              .sampler(size, order[0])
              .sample(logits, 20);
      assertThat(token.id()).isEqualTo(0);
      assertThat(token.logit()).isEqualTo(logits[0]);
      assertThat((double) token.logprob()).isCloseTo(Math.log(shares[0]), within(2e-6));
      assertThat(token.top()).hasSize(Math.min(20, size));
      for (int i = 0; i < token.top().size(); i++) {
        TokenLogprob top = token.top().get(i);
        assertThat(top.id()).isEqualTo(order[i]);
        assertThat(top.logit()).isEqualTo(logits[order[i]]);
        assertThat((double) top.logprob()).isCloseTo(Math.log(shares[order[i]]), within(2e-6));
      }
    }
  }

  @Test
  void logProbabilitiesStandExtremeLogits() {
    float[] logits = {Float.MAX_VALUE, -Float.MAX_VALUE, Float.NEGATIVE_INFINITY, 1e30f};
    SampledToken token = Draft.DRAWN.sampler(4).sample(logits, 4);
    assertThat(token.id()).isEqualTo(0);
    assertThat(token.logprob()).isEqualTo(0f);
    assertThat(token.top()).extracting(TokenLogprob::id).containsExactly(0, 3, 1);
  }

  @Test
  void listsTheLowerIdFirstOfEqualLogits() {
    SampledToken token = Draft.GREEDY.sampler(6).sample(new float[] {1, 2, 1, 2, 1, 2}, 5);
    assertThat(token.top()).extracting(TokenLogprob::id).containsExactly(1, 3, 5, 0, 2);
  }

  @Test
  void theExponentialIsRightToNineDigits() {
    for (double x = 0; x > -100; x -= 0.0137) {
      double exact = Math.exp(x);
      assertThat(Exponentials.expOfNegative(x)).isCloseTo(exact, within(1e-9 * exact));
    }
    assertThat(Exponentials.expOfNegative(0)).isEqualTo(1);
    assertThat(Exponentials.expOfNegative(-1e300)).isEqualTo(0);
    assertThat(Exponentials.expOfNegative(Double.NEGATIVE_INFINITY)).isEqualTo(0);
  }

  @Test
  void drawsAsOftenAsTheDistributionSays() {
    Random random = new Random(6);
    for (double temperature : new double[] {0.5, 1, 2}) {
      float[] logits = randomLogits(random, 1500, 1.5);
      assertDrawnAs(Draft.DRAWN.at(temperature), logits, softmax(logits, temperature));
    }
  }

  @Test
  void drawsFromWhatTruncationLeavesAtTheTemperature() {
    float[] logits = {2, 1.5f, 1, 0.5f, 0, -1, -9};
    double[] shares = softmax(logits, 2);
    double kept = shares[0] + shares[1] + shares[2];
    double[] expected = {shares[0] / kept, shares[1] / kept, shares[2] / kept, 0, 0, 0, 0};
    assertDrawnAs(Draft.DRAWN.at(2).truncated(3, 1, 0), logits, expected);
  }

  /** Pearson's chi-square over cells of at least 10 expected draws, bound at 5 sigma. */
  private static void assertDrawnAs(Draft draft, float[] logits, double[] expected) {
    int draws = 20_000;
    Sampler sampler = draft.sampler(logits.length);
    int[] drawn = new int[logits.length];
    for (int i = 0; i < draws; i++) {
      drawn[sampler.sample(logits, 0).id()]++;
    }
    double chiSquare = 0;
    int cells = 0;
    double restExpected = 0;
    int restDrawn = 0;
    for (int id = 0; id < logits.length; id++) {
      restExpected += expected[id] * draws;
      restDrawn += drawn[id];
      if (restExpected >= 10) {
        chiSquare += (restDrawn - restExpected) * (restDrawn - restExpected) / restExpected;
        cells++;
        restExpected = 0;
        restDrawn = 0;
      }
      if (expected[id] == 0) {
        assertThat(drawn[id]).as("impossible token %d", id).isZero();
      }
    }
    int freedom = cells - 1;
    assertThat(chiSquare).isLessThan(freedom + 5 * Math.sqrt(2.0 * freedom));
  }

  @Test
  void truncationKeepsWhatASortedListKeeps() {
    Random random = new Random(8);
    for (int round = 0; round < 300; round++) {
      int size = 1 + random.nextInt(round % 10 == 0 ? 20_000 : 2000);
      float[] logits = randomLogits(random, size, 3);
      if (round % 3 == 0) { // many equals
        for (int i = 0; i < size; i++) {
          logits[i] = Math.round(logits[i]) * (random.nextBoolean() ? 1f : -1f);
        }
      }
      int topK = random.nextInt(3) == 0 ? 0 : 1 + random.nextInt(size);
      double topP = random.nextInt(3) == 0 ? 1 : 1 - random.nextDouble();
      double minP = random.nextInt(3) == 0 ? 0 : Math.pow(random.nextDouble(), 3);

      float max = Exponentials.max(logits);
      Truncation truncation = new Truncation(new double[Exponentials.CHUNK]);
      if (topK > 0) {
        truncation.topK(logits, topK);
      }
      truncation.topP(logits, max, topP);
      truncation.minP(logits, max, minP);

      Integer[] order = byFallingLogit(logits);
      double[] weights = new double[size];
      int kept = topK > 0 ? Math.min(topK, size) : size;
      double total = 0;
      for (int i = 0; i < kept; i++) {
        weights[i] = Exponentials.expOfNegative(logits[order[i]] - max);
        total += weights[i];
      }
      if (topP < 1) {
        double reached = 0;
        int needed = 0;
        while (needed < kept && reached < topP * total) {
          reached += weights[needed++];
        }
        kept = needed;
      }
      while (kept > 1 && logits[order[kept - 1]] < (float) (max + Math.log(minP))) {
        kept--;
      }
      Set<Integer> expected = new HashSet<>(List.of(order).subList(0, kept));
      Set<Integer> actual = new HashSet<>();
      for (int id = 0; id < size; id++) {
        if (truncation.keeps(logits[id], id)) {
          actual.add(id);
        }
      }
      // Sums in another order may differ by a rounding at the very border.
      Set<Integer> difference = new HashSet<>(expected);
      difference.removeAll(actual);
      Set<Integer> surplus = new HashSet<>(actual);
      surplus.removeAll(expected);
      assertThat(difference.size() + surplus.size())
          .as("top-k %d, top-p %s, min-p %s of %d", topK, topP, minP, size)
          .isLessThanOrEqualTo(topP < 1 ? 1 : 0);
    }
  }

  @Test
  void keepsOneTokenAtTheTightestSettings() {
    float[] logits = {1, 4, 4, 2};
    for (Draft draft :
        List.of(
            Draft.DRAWN.truncated(1, 1, 0),
            Draft.DRAWN.truncated(0, 1e-9, 0),
            Draft.DRAWN.truncated(1, 0.5, 1))) {
      Sampler sampler = draft.at(2).sampler(4);
      for (int i = 0; i < 50; i++) {
        assertThat(sampler.sample(logits, 0).id()).isEqualTo(1);
      }
    }
  }

  @Test
  void truncatesEqualLogitsById() {
    float[] logits = new float[5000];
    assertThat(drawnIds(Draft.DRAWN.truncated(3, 1, 0), logits)).containsExactly(0, 1, 2);
    assertThat(drawnIds(Draft.DRAWN.truncated(0, 0.001, 0), logits))
        .containsExactlyInAnyOrder(0, 1, 2, 3, 4);
    assertThat(drawnIds(Draft.DRAWN.truncated(0, 1, 1), logits)).hasSizeGreaterThan(150);
  }

  private static Set<Integer> drawnIds(Draft draft, float[] logits) {
    Sampler sampler = draft.sampler(logits.length);
    Set<Integer> ids = new HashSet<>();
    for (int i = 0; i < 200; i++) {
      ids.add(sampler.sample(logits, 0).id());
    }
    return ids;
  }

  @Test
  void neverDrawsWhatTheModelRulesOut() {
    float[] logits = new float[2100];
    Arrays.fill(logits, Float.NEGATIVE_INFINITY);
    logits[1500] = -3;
    logits[2099] = -3;
    assertThat(drawnIds(Draft.DRAWN.at(2), logits)).containsExactlyInAnyOrder(1500, 2099);
    assertThat(drawnIds(Draft.DRAWN.truncated(50, 0.9999, 0), logits))
        .containsExactlyInAnyOrder(1500, 2099);
    assertThat(Draft.GREEDY.sampler(2100).sample(logits, 5).top()).hasSize(2);
  }

  @Test
  void refusesLogitsThatAreNoDistribution() {
    float infinity = Float.POSITIVE_INFINITY;
    for (float[] logits :
        List.of(
            new float[] {0, Float.NaN, 1},
            new float[] {0, infinity, 1},
            new float[] {-infinity, -infinity, -infinity})) {
      for (Draft draft : List.of(Draft.GREEDY, Draft.DRAWN)) {
        assertThatThrownBy(() -> draft.sampler(3).sample(logits, 0))
            .isInstanceOfSatisfying(
                EngineException.class,
                error -> assertThat(error.code()).isEqualTo(ErrorCode.INTERNAL))
            .hasMessageContaining("logit");
      }
    }
    assertThatThrownBy(() -> Draft.GREEDY.sampler(3).sample(new float[2], 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("2 logits for 3 tokens");
  }

  @Test
  void refusesTokensThatTheModelDoesNotHave() {
    assertThatThrownBy(() -> Draft.GREEDY.biased(Map.of(10, 1f)).sampler(10))
        .isInstanceOf(EngineException.class)
        .hasMessageContaining("logit_bias names token 10; the model's tokens are 0 to 9");
    assertThatThrownBy(() -> Draft.GREEDY.penalized(2, 0, 0).sampler(10, -1))
        .isInstanceOf(EngineException.class);
    assertThatThrownBy(() -> Draft.GREEDY.sampler(2).force(new float[2], 2, 0))
        .isInstanceOf(EngineException.class);
  }

  @Test
  void repetitionPenaltyCoversPromptAndOutput() {
    // 4 / 2 = 2 < 3; then 3 / 2 = 1.5 and 4 / 2 = 2; then all of 2, 1.5 and −0.5 · 2 are beaten.
    float[] logits = {4, 3, -0.5f, 1.9f};
    Sampler sampler = Draft.GREEDY.penalized(2, 0, 0).sampler(4, 0, 0, 2);
    assertThat(sampler.sample(logits, 0).id()).isEqualTo(1);
    assertThat(sampler.sample(logits, 0).id()).isEqualTo(0);
    assertThat(sampler.sample(new float[] {1, 1, -0.5f, -0.9f}, 0).id()).isEqualTo(0);
    assertThat(sampler.sample(new float[] {-9, -9, -0.5f, -0.9f}, 0).id()).isEqualTo(3);
  }

  @Test
  void frequencyAndPresencePenaltiesCoverTheOutputOnly() {
    float[] logits = {3, 2.4f, 0};
    Sampler frequency = Draft.GREEDY.penalized(1, 0.5, 0).sampler(3, 0, 0, 0);
    assertThat(ids(frequency, logits, 6)).containsExactly(0, 0, 1, 0, 1, 0);
    Sampler presence = Draft.GREEDY.penalized(1, 0, 1).sampler(3, 0, 0, 0);
    assertThat(ids(presence, logits, 4)).containsExactly(0, 1, 0, 0);
    Sampler forced = Draft.GREEDY.penalized(1, 0, 1).sampler(3);
    assertThat(forced.force(logits, 0, 0).id()).isEqualTo(0);
    assertThat(forced.sample(logits, 0).id()).isEqualTo(1);
  }

  private static int[] ids(Sampler sampler, float[] logits, int count) {
    return IntStream.range(0, count).map(i -> sampler.sample(logits, 0).id()).toArray();
  }

  @Test
  void biasIsAddedBeforePenalties() {
    float[] logits = {1, 0, 0};
    Sampler sampler = Draft.GREEDY.biased(Map.of(2, 5f)).penalized(4, 0, 0).sampler(3, 2);
    assertThat(sampler.sample(logits, 0).id()).isEqualTo(2); // (0 + 5) / 4 > 1
    assertThat(Draft.GREEDY.biased(Map.of(0, -100f)).sampler(3).sample(logits, 0).id())
        .isEqualTo(1);
  }

  @Test
  void leavesTheLogitsAsTheyWere() {
    float[] logits = randomLogits(new Random(9), 500, 2);
    float[] before = logits.clone();
    Sampler sampler =
        Draft.DRAWN
            .truncated(40, 0.9, 0.01)
            .penalized(1.3, 0.2, 0.1)
            .biased(Map.of(3, 2f, 4, -1f))
            .sampler(500, 3, 3, 7);
    for (int i = 0; i < 100; i++) {
      sampler.sample(logits, 3);
    }
    assertThat(logits).isEqualTo(before);
  }

  @Test
  void aSeedDrawsTheSameTokensAgainAndAnotherSeedOthers() {
    float[] logits = randomLogits(new Random(10), 4000, 1);
    int[] first = ids(Draft.DRAWN.seeded(1).sampler(4000), logits, 50);
    assertThat(ids(Draft.DRAWN.seeded(1).sampler(4000), logits, 50)).isEqualTo(first);
    assertThat(ids(Draft.DRAWN.seeded(2).sampler(4000), logits, 50)).isNotEqualTo(first);
  }

  @Test
  void aTinyTemperatureIsGreedy() {
    float[] logits = {1, 1.001f, 0.5f};
    for (double temperature : new double[] {1e-5, 1e-30, Double.MIN_VALUE}) {
      assertThat(Draft.DRAWN.at(temperature).sampler(3).sample(logits, 0).id()).isEqualTo(1);
    }
  }

  @Test
  void allocatesNothingOfTheSizeOfTheVocabulary() {
    int vocabSize = 128_000;
    float[] logits = randomLogits(new Random(11), vocabSize, 2);
    Sampler sampler =
        Draft.DRAWN.truncated(0, 0.95, 0.001).penalized(1.1, 0.1, 0.1).sampler(vocabSize, 1, 2, 3);
    sampler.sample(logits, 20);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    for (int i = 0; i < 10; i++) {
      sampler.sample(logits, 20);
    }
    long perCall = (threads.getCurrentThreadAllocatedBytes() - before) / 10;
    assertThat(perCall).isLessThan(16 << 10);
  }
}
