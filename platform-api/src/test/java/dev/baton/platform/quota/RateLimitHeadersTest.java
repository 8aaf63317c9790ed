package dev.baton.platform.quota;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RateLimitHeadersTest {

  @ParameterizedTest
  @CsvSource({
    "PT0S, 0s",
    "PT0.02S, 0.02s",
    "PT12S, 12s",
    "PT1M, 1m0s",
    "PT1M0.25S, 1m0.25s",
    "PT6M, 6m0s"
  })
  void durationsReadAsOpenAisDo(Duration duration, String text) {
    assertThat(RateLimitHeaders.text(duration)).isEqualTo(text);
  }
}
