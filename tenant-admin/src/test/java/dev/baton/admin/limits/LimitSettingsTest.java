package dev.baton.admin.limits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

class LimitSettingsTest {

  @Test
  void defaultsAreThoseOfTheDocumentation() {
    assertThat(bind(Map.of()))
        .isEqualTo(
            new LimitSettings(
                Duration.ofSeconds(30), Duration.ofSeconds(5), Duration.ofMinutes(5), 10_000));
  }

  @ParameterizedTest
  @CsvSource({"lease-time, 1ms", "lease-time, 1h", "cache-time, 2m", "grace, 1s", "cache-size, 0"})
  void nonsenseNamesTheSetting(String name, String value) {
    assertThatThrownBy(() -> bind(Map.of("baton.limits." + name, value)))
        .rootCause()
        .hasMessageContaining("baton.limits." + name);
  }

  private static LimitSettings bind(Map<String, String> properties) {
    return new Binder(new MapConfigurationPropertySource(properties))
        .bindOrCreate("baton.limits", LimitSettings.class);
  }
}
