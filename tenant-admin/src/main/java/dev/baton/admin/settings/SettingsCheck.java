package dev.baton.admin.settings;

import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.core.annotation.MergedAnnotations;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.stereotype.Component;

/**
 * Fails the start when a setting under {@code baton.} is unknown or impossible, and lists all such
 * faults at once. What is known are the components of all {@link ConfigurationProperties} records
 * under that prefix; several records may share one. Environment variables are not searched for
 * unknown names: {@code BATON_…} also names what is the launcher's.
 */
@Component
final class SettingsCheck implements BeanFactoryPostProcessor {
  private static final String PREFIX = "baton";

  /** How a build tells its tests about the machine; no setting of a running process. */
  private static final String TESTS = "baton.test.";

  /** What the engine and its GPU side read and check themselves, before there is a platform. */
  private static final List<String> ENGINE = List.of("baton.engine.", "baton.cuda.");

  @Override
  public void postProcessBeanFactory(ConfigurableListableBeanFactory beans) {
    // Fetched, not injected: injection is not set up yet when such a bean is made.
    ConfigurableEnvironment environment = beans.getBean(ConfigurableEnvironment.class);
    List<Class<?>> settings = new ArrayList<>();
    for (String name : beans.getBeanDefinitionNames()) {
      // Spring names such a bean by its prefix; to look at the annotations of all takes a while.
      Class<?> type = isOurs(name) ? beans.getType(name, false) : null;
      if (type != null && isOurs(prefix(type))) {
        settings.add(type);
      }
    }
    List<String> faults = new ArrayList<>(unknown(environment, knownKeys(settings)));
    Binder binder = Binder.get(environment);
    for (Class<?> type : settings) {
      try {
        binder.bindOrCreate(prefix(type), type);
      } catch (BindException e) {
        faults.add(fault(e));
      }
    }
    if (!faults.isEmpty()) {
      throw new InvalidSettingsException(faults);
    }
  }

  private static List<String> unknown(ConfigurableEnvironment environment, Set<String> known) {
    Set<String> faults = new TreeSet<>();
    for (PropertySource<?> source : environment.getPropertySources()) {
      if (source.getName().equals(StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME)
          || !(source instanceof EnumerablePropertySource<?> enumerable)) {
        continue;
      }
      for (String given : enumerable.getPropertyNames()) {
        if (isOurs(given)
            && !given.startsWith(TESTS)
            && ENGINE.stream().noneMatch(given::startsWith)
            && known.stream().noneMatch(key -> matches(key, given))) {
          faults.add(
              "%s is no setting; the nearest is %s. Set in %s."
                  .formatted(given, nearest(given, known), source.getName()));
        }
      }
    }
    return List.copyOf(faults);
  }

  static boolean isOurs(String key) {
    return key.equals(PREFIX) || key.startsWith(PREFIX + ".");
  }

  /** The keys that these records bind; a map's or a list's end with {@code *}. */
  static Set<String> knownKeys(Collection<Class<?>> settings) {
    Set<String> keys = new HashSet<>();
    settings.forEach(type -> collect(prefix(type), type, keys));
    return keys;
  }

  private static void collect(String prefix, Class<?> type, Set<String> keys) {
    if (!type.isRecord()) {
      throw new IllegalStateException(type + " binds baton settings and is no record");
    }
    for (RecordComponent component : type.getRecordComponents()) {
      String key = prefix + "." + kebab(component.getName());
      if (component.getType().isRecord()) {
        collect(key, component.getType(), keys);
      } else if (Map.class.isAssignableFrom(component.getType())
          || Collection.class.isAssignableFrom(component.getType())) {
        keys.add(key);
        keys.add(key + "*");
      } else {
        keys.add(key);
      }
    }
  }

  /** Relaxed as Spring binds: neither case, dashes nor underscores count. */
  static boolean matches(String known, String given) {
    return known.endsWith("*")
        ? plain(given).startsWith(plain(known.substring(0, known.length() - 1)))
        : plain(given).equals(plain(known));
  }

  static String nearest(String given, Set<String> known) {
    return known.stream()
        .filter(key -> !key.endsWith("*"))
        .sorted()
        .min((a, b) ->
            Integer.compare(distance(plain(given), plain(a)), distance(plain(given), plain(b))))
        .orElse("none");
  }

  private static String prefix(Class<?> type) {
    return MergedAnnotations.from(type).get(ConfigurationProperties.class).getString("prefix");
  }

  private static String kebab(String name) {
    return name.replaceAll("([a-z0-9])([A-Z])", "$1-$2").toLowerCase(Locale.ROOT);
  }

  private static String plain(String key) {
    return key.replace("-", "").replace("_", "").toLowerCase(Locale.ROOT);
  }

  /** Levenshtein's. */
  private static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, Math.min(row[j - 1], row[j]) + 1);
      }
    }
    return row[b.length()];
  }

  /** The innermost words: those of the record, or of the conversion that failed. */
  private static String fault(BindException error) {
    Throwable cause = error;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    String words = cause.getMessage() == null ? cause.toString() : cause.getMessage();
    return words.startsWith(PREFIX + ".") ? words : error.getName() + ": " + words;
  }
}
