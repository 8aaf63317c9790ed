package dev.baton.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.context.annotation.ClassPathScanningCandidateComponentProvider;
import org.springframework.core.annotation.MergedAnnotations;
import org.springframework.core.type.filter.AnnotationTypeFilter;

/** Every setting stands in docs/operations.md, and what stands there as a setting is one. */
final class SettingsDocumentedTest {
  private static final Pattern NAMED = Pattern.compile("`(baton(\\.[a-z]+(-[a-z]+)*)+)`");

  /** JVM properties of the engine, which knows no Spring, and a name on spans. */
  private static final Set<String> NO_SETTINGS =
      Set.of(
          "baton.engine.device",
          "baton.engine.kernels",
          "baton.engine.kernels.cache",
          "baton.engine.kernels.library",
          "baton.cuda.cublas",
          "baton.cuda.device",
          "baton.cuda.driver",
          "baton.cuda.kernels",
          "baton.request.id");

  @Test
  void bothWays() throws Exception {
    Set<String> documented = documented();
    Set<String> known = new TreeSet<>();
    ClassPathScanningCandidateComponentProvider scan =
        new ClassPathScanningCandidateComponentProvider(false);
    scan.addIncludeFilter(new AnnotationTypeFilter(ConfigurationProperties.class));
    for (var found : scan.findCandidateComponents("dev.baton")) {
      Class<?> type = Class.forName(found.getBeanClassName());
      if (type.getEnclosingClass() == null) {
        collect(
            MergedAnnotations.from(type).get(ConfigurationProperties.class).getString("prefix"),
            type,
            known);
      }
    }
    assertThat(known).hasSizeGreaterThan(40);
    assertThat(documented).containsAll(known);
    documented.removeAll(NO_SETTINGS);
    assertThat(known).containsAll(documented);
  }

  private static void collect(String prefix, Class<?> settings, Set<String> names) {
    for (RecordComponent component : settings.getRecordComponents()) {
      String name =
          prefix
              + "."
              + component
                  .getName()
                  .replaceAll("([a-z0-9])([A-Z])", "$1-$2")
                  .toLowerCase(Locale.ROOT);
      if (component.getType().isRecord()) {
        collect(name, component.getType(), names);
      } else {
        names.add(name);
      }
    }
  }

  private static Set<String> documented() throws IOException {
    Path root = Path.of("").toAbsolutePath();
    while (!Files.exists(root.resolve("docs/operations.md"))) {
      root = Objects.requireNonNull(root.getParent(), "not in the repository");
    }
    Set<String> names = new TreeSet<>();
    Matcher matcher = NAMED.matcher(Files.readString(root.resolve("docs/operations.md")));
    while (matcher.find()) {
      names.add(matcher.group(1));
    }
    return names;
  }
}
