package dev.baton.admin.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

class StorageSettingsTest {

  @Test
  void byDefaultWritesMustBeDurableAndReadsFailFast() {
    assertThat(bind(Map.of()))
        .isEqualTo(new StorageSettings(true, Duration.ofMillis(500), Duration.ofSeconds(2), null));
  }

  @Test
  void aTimeLimitOfNothingIsRefused() {
    assertThatThrownBy(() -> bind(Map.of("baton.storage.read-timeout", "0s")))
        .hasRootCauseMessage("baton.storage.read-timeout must be longer than nothing, not PT0S");
  }

  private static StorageSettings bind(Map<String, String> properties) {
    return new Binder(new MapConfigurationPropertySource(properties))
        .bindOrCreate("baton.storage", StorageSettings.class);
  }
}
