package dev.baton.platform.serve;

import dev.baton.platform.operations.ObservabilityEnvironment;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.springframework.context.aot.AbstractAotProcessor;
import org.springframework.core.SpringProperties;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.PropertySource;
import org.springframework.util.ClassUtils;

/**
 * The platform's beans as a build wrote them down in code (Spring's ahead-of-time processing), so
 * that a start neither searches for classes nor asks a condition. A build asks conditions where
 * nothing is set but application.yml, hence a start with any other setting that one may look at
 * reads the classes themselves: slower, with the same beans but for what the setting changes.
 * Settings under {@code baton.} choose no beans; that of traces does, in Spring's words.
 */
public final class GeneratedBeans {
  private static final String WRITTEN = "__ApplicationContextInitializer";

  /** Where Spring's conditions look. */
  private static final List<String> LOOKED_AT =
      List.of("spring.", "management.", "server.", "springdoc.");

  /** Of those, what a bean reads when it is made, and what Spring tells of itself. */
  private static final List<String> READ_LATER =
      List.of(
          "server.address",
          "server.port",
          "spring.data.redis.url",
          "spring.application.",
          "spring.aot.");

  /** The name of application.yml as a source begins so. */
  private static final String PACKAGED = "Config resource 'class path resource";

  private GeneratedBeans() {}

  /** What a build runs to see the beans; the token is there for the check of settings. */
  public static void main(String[] arguments) {
    Platform.application().run("--baton.admin.token=" + "x".repeat(32));
  }

  /** Has a start use them or not: Spring reads its own property again for each start. */
  static void choose(ConfigurableEnvironment environment) {
    boolean usual = isAsInABuild(environment);
    boolean building = Boolean.getBoolean(AbstractAotProcessor.AOT_PROCESSING);
    if (building && !usual) {
      throw new IllegalStateException(
          "This build's settings would choose the beans of all starts. Unset what begins with "
              + LOOKED_AT);
    }
    boolean written = ClassUtils.isPresent(GeneratedBeans.class.getName() + WRITTEN, null);
    SpringProperties.setProperty(
        "spring.aot.enabled", Boolean.toString(written && usual && !building));
  }

  static boolean isAsInABuild(ConfigurableEnvironment environment) {
    return environment.getPropertySources().stream().noneMatch(GeneratedBeans::mayChooseBeans);
  }

  private static boolean mayChooseBeans(PropertySource<?> source) {
    return !source.getName().startsWith(PACKAGED)
        && source instanceof EnumerablePropertySource<?> enumerable
        && Arrays.stream(enumerable.getPropertyNames())
            .anyMatch(name -> mayChooseBeans(name, enumerable.getProperty(name)));
  }

  private static boolean mayChooseBeans(String name, @Nullable Object value) {
    // As an environment variable: SPRING_MAIN_…
    String key = name.toLowerCase(Locale.ROOT).replace('_', '.');
    return LOOKED_AT.stream().anyMatch(key::startsWith)
        && READ_LATER.stream().noneMatch(key::startsWith)
        && !ObservabilityEnvironment.UNTRACED.equals(value);
  }
}
