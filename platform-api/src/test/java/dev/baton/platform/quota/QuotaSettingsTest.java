package dev.baton.platform.quota;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.util.unit.DataSize;

class QuotaSettingsTest {

  @Test
  void defaultsSuitOneNode() {
    assertThat(bind(Map.of()))
        .isEqualTo(
            new QuotaSettings(
                0.5,
                4096,
                Duration.ofSeconds(1),
                20_000,
                Path.of("data/spool"),
                DataSize.ofMegabytes(64)));
  }

  @ParameterizedTest
  @CsvSource({
    "local-share, 0",
    "local-share, 1.5",
    "default-output-tokens, 0",
    "store-pause, -1s",
    "remembered-callers, 0",
    "spool-limit, 1KB"
  })
  void nonsenseNamesTheSetting(String name, String value) {
    assertThatThrownBy(() -> bind(Map.of("baton.quota." + name, value)))
        .rootCause()
        .hasMessageContaining("baton.quota." + name);
  }

  private static QuotaSettings bind(Map<String, String> properties) {
    return new Binder(new MapConfigurationPropertySource(properties))
        .bindOrCreate("baton.quota", QuotaSettings.class);
  }
}
