package dev.baton.platform.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.baton.engine.bench.BenchCommand;
import dev.baton.engine.cli.Terminal;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code baton bench platform}, small: the platform in a process of its own, with its Redis. */
@Timeout(240)
final class PlatformBenchIT {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  private int bench(String... args) {
    Terminal terminal = new Terminal(new ByteArrayInputStream(new byte[0]), out, err);
    return BenchCommand.run(terminal, new Class<?>[] {PlatformCommand.class}, args);
  }

  @Test
  void countsEveryRequestAndShowsTheHeapThatLives() {
    int code =
        bench(
            "platform",
            "--json",
            "--rate",
            "40",
            "--seconds",
            "3",
            "--warm-up",
            "2",
            "--streams",
            "30",
            "--heap",
            "256");
    assertThat(code).as("%s", err).isZero();
    JsonNode result = JsonMapper.shared().readTree(out.toString(StandardCharsets.UTF_8));
    JsonNode first = result.path("firstToken");
    assertThat(first.path("refused").asInt()).as("%s", result).isZero();
    // A Poisson process: six deviations around 120.
    assertThat(first.path("requests").asInt()).as("%s", result).isBetween(55, 186);
    assertThat(first.path("p50Millis").asDouble())
        .as("%s", result)
        .isPositive()
        .isLessThanOrEqualTo(first.path("p99Millis").asDouble());
    JsonNode bare = result.path("bareServer");
    assertThat(bare.path("refused").asInt()).as("%s", result).isZero();
    assertThat(bare.path("requests").asInt()).as("%s", result).isBetween(55, 186);
    assertThat(result.path("overhead").path("p50Millis").asDouble())
        .as("%s", result)
        .isCloseTo(
            first.path("p50Millis").asDouble() - bare.path("p50Millis").asDouble(), within(0.02));
    assertThat(result.path("streams").path("open").asInt()).as("%s", result).isEqualTo(30);
    assertThat(result.path("streams").path("refusedOrBroken").asInt()).isZero();
    assertThat(result.path("heapWithStreamsMiB").asDouble()).isBetween(1.0, 256.0);
  }

  @Test
  void badInputNamesTheRemedy() {
    assertThat(bench("platform", "--rate", "0")).isEqualTo(2);
    assertThat(bench("platform", "--heap", "12")).isEqualTo(2);
    assertThat(err.toString(StandardCharsets.UTF_8))
        .contains("--rate must be between 1 and 100000, not 0", "--heap must be between 128 and");
  }
}
