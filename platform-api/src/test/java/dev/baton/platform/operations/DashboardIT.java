package dev.baton.platform.operations;

import static dev.baton.platform.PlatformUnderTest.chat;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.platform.PlatformUnderTest;
import dev.baton.platform.ScenarioEngine;
import dev.baton.platform.serve.TestRedis;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.yaml.snakeyaml.Yaml;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What is delivered for Prometheus and Grafana asks for nothing that the platform does not say. */
@Timeout(60)
class DashboardIT {
  private static final Path DEPLOY = Path.of("..", "deploy");
  private static final Pattern NAME = Pattern.compile("\\b[a-z][a-z0-9]*(?:_[a-z0-9]+)+\\b");
  private static final Pattern LABELS = Pattern.compile("\\{[^}]*}|by \\([^)]*\\)|\\[[^]]*]");
  private static final Set<String> FUNCTIONS = Set.of("histogram_quantile");

  @Test
  void everyMetricOfTheDashboardIsExposedByARunningPlatform() throws Exception {
    Set<String> wanted = wanted();
    assertThat(wanted).hasSizeGreaterThan(20);
    try (ScenarioEngine engine = new ScenarioEngine();
        TestRedis redis = TestRedis.start();
        PlatformUnderTest platform = PlatformUnderTest.start(engine, redis.url(), Map.of())) {
      String key = platform.issueKey(platform.createTenant("Measured")).secret();
      assertThat(platform.post(key, chat("")).statusCode()).isEqualTo(200);
      Set<String> exposed =
          platform
              .send(platform.request("/actuator/prometheus", key).build())
              .body()
              .lines()
              .filter(line -> !line.startsWith("#"))
              .map(line -> line.split("[{ ]", 2)[0])
              .collect(Collectors.toCollection(TreeSet::new));
      assertThat(exposed).containsAll(wanted);
    }
  }

  @Test
  void composeMountsWhatIsThereAndScrapesWhereThePlatformTells() throws IOException {
    Map<String, Object> compose = yaml(Path.of("..", "docker-compose.yml"));
    String services = String.valueOf(compose.get("services"));
    for (String mounted :
        new String[] {
          "./deploy/prometheus/prometheus.yml",
          "./deploy/grafana/provisioning",
          "./deploy/grafana/dashboards"
        }) {
      assertThat(services).contains(mounted);
      assertThat(Path.of("..").resolve(mounted)).exists();
    }
    assertThat(String.valueOf(yaml(DEPLOY.resolve("prometheus/prometheus.yml"))))
        .contains("metrics_path=/actuator/prometheus", "names=[platform]", "port=8080");
    String source =
        String.valueOf(yaml(DEPLOY.resolve("grafana/provisioning/datasources/prometheus.yml")));
    assertThat(source).contains("uid=prometheus", "url=http://prometheus:9090");
    assertThat(String.valueOf(yaml(DEPLOY.resolve("grafana/provisioning/dashboards/baton.yml"))))
        .contains("path=/etc/grafana/dashboards");
  }

  private static Map<String, Object> yaml(Path file) throws IOException {
    return new Yaml().load(Files.readString(file));
  }

  /** Names of metrics in the dashboard's expressions. */
  private static Set<String> wanted() throws IOException {
    JsonNode dashboard =
        JsonMapper.shared()
            .readTree(Files.readString(DEPLOY.resolve("grafana/dashboards/baton.json")));
    return StreamSupport.stream(dashboard.path("panels").spliterator(), false)
        .flatMap(panel -> StreamSupport.stream(panel.path("targets").spliterator(), false))
        .map(target -> LABELS.matcher(target.path("expr").asString()).replaceAll(" "))
        .flatMap(expression -> NAME.matcher(expression).results().map(found -> found.group()))
        .filter(name -> !FUNCTIONS.contains(name))
        .collect(Collectors.toCollection(TreeSet::new));
  }
}
