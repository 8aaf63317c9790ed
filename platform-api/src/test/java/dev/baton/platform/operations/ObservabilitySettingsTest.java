package dev.baton.platform.operations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;

class ObservabilitySettingsTest {

  @Test
  void byDefaultLinesAreTextNothingIsTracedAndNoTenantHasSeries() {
    assertThat(bind("baton.log", LogSettings.class, Map.of()).format())
        .isEqualTo(LogSettings.Format.TEXT);
    assertThat(bind("baton.traces", TraceSettings.class, Map.of()))
        .isEqualTo(new TraceSettings(null, 0.1));
    assertThat(bind("baton.metrics", MetricsSettings.class, Map.of()).tenants()).isZero();
    StandardEnvironment environment = environment(Map.of());
    assertThat(environment.getProperty("spring.autoconfigure.exclude"))
        .contains("OtlpTracingAutoConfiguration");
    assertThat(environment.getProperty("logging.structured.format.console")).isNull();
  }

  @Test
  void saysItInSpringsWords() {
    StandardEnvironment environment =
        environment(
            Map.of("baton.log.format", "JSON", "baton.traces.endpoint", "http://c:4318/v1/traces"));
    assertThat(environment.getProperty("spring.autoconfigure.exclude")).isNull();
    assertThat(environment.getProperty("logging.structured.format.console")).isEqualTo("ecs");
    assertThat(environment.getProperty("management.tracing.sampling.probability")).isEqualTo("0.1");
  }

  @Test
  void refusesWhatMakesNoSense() {
    assertThatThrownBy(() -> new TraceSettings("collector:4318", 0.1))
        .hasMessageContaining("baton.traces.endpoint");
    assertThatThrownBy(() -> new TraceSettings(null, 2)).hasMessageContaining("between 0 and 1");
  }

  private static <T> T bind(String prefix, Class<T> type, Map<String, String> properties) {
    return new Binder(new MapConfigurationPropertySource(properties)).bindOrCreate(prefix, type);
  }

  private static StandardEnvironment environment(Map<String, Object> properties) {
    StandardEnvironment environment = new StandardEnvironment();
    environment.getPropertySources().addFirst(new MapPropertySource("test", properties));
    new ObservabilityEnvironment()
        .postProcessEnvironment(environment, new SpringApplication(Object.class));
    return environment;
  }
}
