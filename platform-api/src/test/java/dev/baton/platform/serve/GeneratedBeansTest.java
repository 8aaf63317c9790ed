package dev.baton.platform.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.platform.operations.ObservabilityEnvironment;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.SpringApplication;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;

class GeneratedBeansTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "server.port",
        "spring.data.redis.url",
        "baton.admin.port",
        "baton.log.format",
        "logging.level.root",
        "BATON_ADMIN_TOKEN",
        "SPRINGFIELD",
        "spring.application.pid"
      })
  void whatChoosesNoBeansLeavesThem(String setting) {
    assertThat(GeneratedBeans.isAsInABuild(environment(setting, "8081"))).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "spring.profiles.active",
        "SPRING_AUTOCONFIGURE_EXCLUDE",
        "management.endpoints.web.exposure.include",
        "MANAGEMENT_SERVER_PORT",
        "springdoc.api-docs.enabled",
        "server.ssl.enabled",
        "spring.data.redis.sentinel.master"
      })
  void whatAConditionMayLookAtHasTheClassesRead(String setting) {
    assertThat(GeneratedBeans.isAsInABuild(environment(setting, "other"))).isFalse();
  }

  @Test
  void tracesNeedBeansThatABuildLeavesOut() {
    assertThat(GeneratedBeans.isAsInABuild(environment("baton.traces.endpoint", ""))).isTrue();
    assertThat(GeneratedBeans.isAsInABuild(environment("baton.traces.endpoint", "http://c:4318")))
        .isFalse();
  }

  /** With the process' own variables and properties: a test run must be as a build, too. */
  private static StandardEnvironment environment(String setting, String value) {
    StandardEnvironment environment = new StandardEnvironment();
    environment
        .getPropertySources()
        .addFirst(new MapPropertySource("given", Map.of(setting, value)));
    new ObservabilityEnvironment()
        .postProcessEnvironment(environment, new SpringApplication(Object.class));
    return environment;
  }
}
