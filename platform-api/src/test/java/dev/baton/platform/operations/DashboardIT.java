package dev.baton.platform.operations;

import static dev.baton.platform.PlatformUnderTest.chat;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.platform.PlatformUnderTest;
import dev.baton.platform.ScenarioEngine;
import dev.baton.platform.serve.TestRedis;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Assumptions;
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
  private static final Pattern LABELS =
      Pattern.compile("\\{[^}]*}|(?:by|on) \\([^)]*\\)|\\[[^]]*]");
  private static final Set<String> FUNCTIONS = Set.of("histogram_quantile");

  @Test
  void everyMetricOfTheDashboardAndTheAlertsIsExposedByARunningPlatform() throws Exception {
    Set<String> wanted = names(dashboard());
    assertThat(wanted).hasSizeGreaterThan(20);
    Set<String> alerting = names(alerts().stream().map(DashboardIT::expression));
    assertThat(alerting).contains("baton_store_up", "baton_engine_lost").hasSizeGreaterThan(8);
    wanted.addAll(alerting);
    try (ScenarioEngine engine = new ScenarioEngine();
        TestRedis redis = TestRedis.start();
        PlatformUnderTest platform = PlatformUnderTest.start(engine, redis, Map.of())) {
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
          "./deploy/prometheus/alerts.yml",
          "./deploy/grafana/provisioning",
          "./deploy/grafana/dashboards"
        }) {
      assertThat(services).contains(mounted);
      assertThat(Path.of("..").resolve(mounted)).exists();
    }
    assertThat(String.valueOf(yaml(DEPLOY.resolve("prometheus/prometheus.yml"))))
        .contains(
            "metrics_path=/actuator/prometheus",
            "names=[platform]",
            "port=8080",
            "rule_files=[alerts.yml]");
    String source =
        String.valueOf(yaml(DEPLOY.resolve("grafana/provisioning/datasources/prometheus.yml")));
    assertThat(source).contains("uid=prometheus", "url=http://prometheus:9090");
    assertThat(String.valueOf(yaml(DEPLOY.resolve("grafana/provisioning/dashboards/baton.yml"))))
        .contains("path=/etc/grafana/dashboards");
  }

  private static Map<String, Object> yaml(Path file) throws IOException {
    return new Yaml().load(Files.readString(file));
  }

  /** An alert that nobody can look up is noise. */
  @Test
  void theOperationsManualSaysOfEachAlertWhatToDo() throws IOException {
    String manual = Files.readString(Path.of("..", "docs", "operations.md"));
    assertThat(alerts())
        .allSatisfy(alert -> assertThat(manual).contains("| `" + alert.get("alert") + "` |"));
  }

  /** Where Prometheus' own tool is installed it judges, and runs the rules against histories. */
  @Test
  void promtoolAcceptsTheRulesAndTheirTests() throws Exception {
    Path tool =
        Stream.of(System.getenv("PATH").split(":"))
            .map(directory -> Path.of(directory, "promtool"))
            .filter(Files::isExecutable)
            .findFirst()
            .orElse(null);
    Assumptions.assumeTrue(tool != null, "promtool is not installed");
    for (String[] arguments :
        new String[][] {
          {"check", "config", "prometheus.yml"},
          {"check", "rules", "alerts.yml"},
          {"test", "rules", "alerts-test.yml"}
        }) {
      List<String> command = new ArrayList<>(List.of(arguments));
      command.addFirst(String.valueOf(tool));
      Process judged =
          new ProcessBuilder(command)
              .directory(DEPLOY.resolve("prometheus").toFile())
              .redirectErrorStream(true)
              .start();
      String said = new String(judged.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(judged.waitFor()).as("%s: %s", command, said).isZero();
    }
  }

  private static Set<String> names(Stream<String> expressions) {
    return expressions
        .map(expression -> LABELS.matcher(expression).replaceAll(" "))
        .flatMap(expression -> NAME.matcher(expression).results().map(found -> found.group()))
        .filter(name -> !FUNCTIONS.contains(name))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static Stream<String> dashboard() throws IOException {
    JsonNode dashboard =
        JsonMapper.shared()
            .readTree(Files.readString(DEPLOY.resolve("grafana/dashboards/baton.json")));
    return StreamSupport.stream(dashboard.path("panels").spliterator(), false)
        .flatMap(panel -> StreamSupport.stream(panel.path("targets").spliterator(), false))
        .map(target -> target.path("expr").asString());
  }

  private static List<Map<?, ?>> alerts() throws IOException {
    return entries(yaml(DEPLOY.resolve("prometheus/alerts.yml")), "groups")
        .flatMap(group -> entries(group, "rules"))
        .collect(Collectors.toList());
  }

  private static Stream<Map<?, ?>> entries(Map<?, ?> within, String name) {
    List<?> entries = (List<?>) Objects.requireNonNull(within.get(name));
    return entries.stream().map(entry -> (Map<?, ?>) Objects.requireNonNull(entry));
  }

  private static String expression(Map<?, ?> alert) {
    return String.valueOf(alert.get("expr"));
  }
}
