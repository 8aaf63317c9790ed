package dev.baton.admin.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import java.time.Duration;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Import;
import org.springframework.core.env.MapPropertySource;

class SettingsCheckTest {

  @ConfigurationProperties("baton.sample")
  record Sample(
      @DefaultValue("3") int retryCount, @DefaultValue Nested limits, Map<String, String> labels) {
    Sample {
      if (retryCount < 0) {
        throw new IllegalArgumentException(
            "baton.sample.retry-count must not be negative, not " + retryCount);
      }
    }

    record Nested(@DefaultValue("1s") Duration readTimeout) {}
  }

  @EnableConfigurationProperties(Sample.class)
  @Import(SettingsCheck.class)
  static class Application {}

  @Test
  void allFaultsAreListedAtOnceWithTheNearestKnownKey() {
    assertThatThrownBy(() ->
            start(
                Map.of(
                    "baton.sample.retry-cuont", "4",
                    "baton.sample.limits.readTimeouts", "4s",
                    "baton.sample.retry-count", "-1")))
        .asInstanceOf(type(InvalidSettingsException.class))
        .extracting(InvalidSettingsException::faults)
        .asString()
        .contains("baton.sample.retry-cuont is no setting; the nearest is baton.sample.retry-count")
        .contains("baton.sample.limits.readTimeouts is no setting; the nearest is")
        .contains("baton.sample.limits.read-timeout")
        .contains("must not be negative, not -1");
  }

  @Test
  void relaxedNamesMapsAndOtherPrefixesAreFine() {
    start(
        Map.of(
            "baton.sample.retryCount", "4",
            "baton.sample.limits.read_timeout", "4s",
            "baton.sample.labels.any", "x",
            "batonic.other", "x",
            "spring.other", "x"));
  }

  @Test
  void knownKeysAreThoseOfTheRecords() {
    assertThat(SettingsCheck.knownKeys(Set.of(Sample.class)))
        .containsExactlyInAnyOrder(
            "baton.sample.retry-count",
            "baton.sample.limits.read-timeout",
            "baton.sample.labels",
            "baton.sample.labels*");
  }

  private static void start(Map<String, Object> properties) {
    try (AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext()) {
      context
          .getEnvironment()
          .getPropertySources()
          .addFirst(new MapPropertySource("test", properties));
      context.register(Application.class);
      context.refresh();
    }
  }
}
