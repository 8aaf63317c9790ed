package dev.baton.platform.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.bench.Row;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

final class LoadSummaryTest {
  private static Answer answer(int tenant, double arrival, double first, double end, int tokens) {
    return new Answer(tenant, arrival, first, end, new double[] {0.1}, 20, 10, tokens, null);
  }

  @Test
  void sumsUpTimesTokensAndGoodRequests() {
    Answer good = answer(0, 0, 1, 2, 11);
    Answer lateFirst = answer(0, 0, 3.5, 4, 2);
    Answer slow = answer(1, 0, 1, 10, 4);
    Answer failed = new Answer(1, 0, Double.NaN, 5, new double[0], 0, 0, 0, "status 429");
    Row row = new Row();
    LoadSummary.into(row, List.of(good, lateFirst, slow, failed), new LoadSummary.Slo(3, 0.2));
    assertThat(row.values())
        .containsEntry("requests", 4)
        .containsEntry("failed", 1)
        .containsEntry("requestsPerSecond", 0.3)
        .containsEntry("tokensPerSecond", 1.7)
        .containsEntry("completionTokens", 17L)
        .containsEntry("firstTokenP50Millis", 1000.0)
        .containsEntry("goodShare", 0.25)
        .containsEntry("goodputPerSecond", 0.1);
    assertThat(good.timePerToken()).isEqualTo(0.1);
    assertThat(new LoadSummary.Slo(3, 0.2).met(answer(0, 0, 1, 1, 1))).isTrue();
  }

  @Test
  void jainIsOneForEqualTenantsAndOneOverNForASingleWinner() {
    List<Answer> equal =
        List.of(answer(0, 0, 1, 2, 10), answer(0, 5, 6, 7, 10), answer(1, 1, 2, 3, 10));
    assertThat(LoadSummary.jain(equal)).isCloseTo(1, Offset.offset(1e-12));
    List<Answer> winner = List.of(answer(0, 0, 1, 2, 10), answer(1, 0, 1, 2, 0));
    assertThat(LoadSummary.jain(winner)).isCloseTo(0.5, Offset.offset(1e-12));
  }
}
