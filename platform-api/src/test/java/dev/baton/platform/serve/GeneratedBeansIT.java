package dev.baton.platform.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testing.ResidencyEngine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.aot.AotDetector;
import org.springframework.context.ConfigurableApplicationContext;

/** What a build wrote down is what a start finds that reads the classes. */
@Timeout(120)
class GeneratedBeansIT {
  /** What only the tests' class path calls for, and what helps to write beans down. */
  private static final Pattern OF_OTHERS =
      Pattern.compile("(?i)kotlin|testcontainers|dynamicPropertyRegistrar|aot-processor");

  @TempDir private Path directory;

  @Test
  void theBeansOfABuildAreThoseOfAStartThatSearches() throws IOException {
    try (TestRedis redis = TestRedis.start()) {
      Map<String, String> generated = beans(redis, Map.of());
      assertThat(AotDetector.useGeneratedArtifacts()).isTrue();
      Map<String, String> searched = beans(redis, Map.of("spring.main.keep-alive", false));
      assertThat(AotDetector.useGeneratedArtifacts()).isFalse();
      searched.keySet().removeIf(name -> OF_OTHERS.matcher(name).find());
      assertThat(generated).hasSizeGreaterThan(400).isEqualTo(searched);
    }
  }

  /** Names and classes of all beans but those that are there to find the others. */
  private Map<String, String> beans(TestRedis redis, Map<String, Object> settings) {
    Map<String, Object> all = new HashMap<>(settings);
    all.put("server.port", 0);
    all.put("spring.data.redis.url", redis.url());
    all.put("baton.admin.token", "a-test-token-of-128-bits-or-more");
    all.put("baton.quota.spool-directory", directory);
    all.put("logging.level.dev.baton", "warn");
    try (ConfigurableApplicationContext context = Platform.start(new ResidencyEngine(), all)) {
      Map<String, String> beans = new TreeMap<>();
      Arrays.stream(context.getBeanDefinitionNames())
          .filter(name -> !name.contains(".internal"))
          .forEach(name -> beans.put(name, String.valueOf(context.getType(name))));
      return beans;
    }
  }
}
