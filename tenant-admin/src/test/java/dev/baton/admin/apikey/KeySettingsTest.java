package dev.baton.admin.apikey;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

class KeySettingsTest {

  @Test
  void defaultsAreFiveSecondsOfBeliefAndFiveMinutesOfGrace() {
    assertThat(bind(Map.of()))
        .isEqualTo(
            new KeySettings(
                Duration.ofSeconds(5),
                Duration.ofMinutes(5),
                10_000,
                64L << 20,
                Duration.ofHours(24),
                1000));
  }

  @Test
  void aGraceShorterThanTheBeliefIsRefused() {
    assertThatThrownBy(() -> bind(Map.of("baton.admin.key-grace", "1s")))
        .hasRootCauseMessage(
            "baton.admin.key-grace must be at least baton.admin.key-cache-time, not PT1S");
  }

  private static KeySettings bind(Map<String, String> properties) {
    return new Binder(new MapConfigurationPropertySource(properties))
        .bindOrCreate("baton.admin", KeySettings.class);
  }
}
