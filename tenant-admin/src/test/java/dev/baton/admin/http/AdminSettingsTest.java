package dev.baton.admin.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.util.unit.DataSize;

class AdminSettingsTest {
  private static final String TOKEN = "0123456789abcdefghijkl";

  @Test
  void bodiesAreBoundedByDefaultAndTheTokenStaysHidden() {
    AdminSettings settings = bind(Map.of("baton.admin.token", TOKEN));
    assertThat(settings)
        .isEqualTo(
            new AdminSettings(
                TOKEN,
                Map.of(),
                null,
                DataSize.ofKilobytes(64),
                DataSize.ofMegabytes(1),
                Duration.ofHours(24),
                Duration.ofMinutes(1)));
    assertThat(settings.toString()).doesNotContain(TOKEN);
  }

  @Test
  void aMissingOrShortTokenSaysHowToMakeOne() {
    for (Map<String, String> properties :
        List.of(Map.<String, String>of(), Map.of("baton.admin.token", "secret"))) {
      assertThatThrownBy(() -> bind(properties))
          .rootCause()
          .hasMessageContaining("openssl rand -base64 24");
    }
  }

  private static AdminSettings bind(Map<String, String> properties) {
    return new Binder(new MapConfigurationPropertySource(properties))
        .bindOrCreate("baton.admin", AdminSettings.class);
  }
}
