package dev.baton.admin.usage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

class UsageSettingsTest {

  @Test
  void defaultsAreThoseOfTheDocumentation() {
    assertThat(bind(Map.of()))
        .isEqualTo(
            new UsageSettings(
                Duration.ofDays(35),
                1_000_000,
                Duration.ofHours(48),
                Duration.ofDays(93),
                Duration.ofDays(1100),
                Duration.ofHours(48),
                Set.of(FinishCause.FAILED, FinishCause.DRAINED)));
  }

  @ParameterizedTest
  @CsvSource({
    "ledger-time, 1s",
    "ledger-entries, 10",
    "minutes, 1m",
    "hours, 1h",
    "days, 1d",
    "replay-time, 1s"
  })
  void nonsenseNamesTheSetting(String name, String value) {
    assertThatThrownBy(() -> bind(Map.of("baton.usage." + name, value)))
        .rootCause()
        .hasMessageContaining("baton.usage." + name);
  }

  private static UsageSettings bind(Map<String, String> properties) {
    return new Binder(new MapConfigurationPropertySource(properties))
        .bindOrCreate("baton.usage", UsageSettings.class);
  }
}
