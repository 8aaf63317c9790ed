package dev.baton.admin.systemprompt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

class PromptSettingsTest {

  @Test
  void defaultsLeaveRoomForAnAnswer() {
    assertThat(bind(Map.of()))
        .isEqualTo(
            new PromptSettings(1000, 100, null, 64, Duration.ofMinutes(10), Duration.ofSeconds(2)));
  }

  @Test
  void nothingMayBeZero() {
    assertThatThrownBy(() -> bind(Map.of("baton.admin.max-versions", "0")))
        .hasRootCauseMessage("baton.admin.max-versions must be more than 0, not 0");
  }

  private static PromptSettings bind(Map<String, String> properties) {
    return new Binder(new MapConfigurationPropertySource(properties))
        .bindOrCreate("baton.admin", PromptSettings.class);
  }
}
