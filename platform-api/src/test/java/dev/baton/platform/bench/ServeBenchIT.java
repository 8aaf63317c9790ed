package dev.baton.platform.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.bench.BenchCommand;
import dev.baton.engine.cli.Terminal;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code baton bench serve} on the smallest model, over real HTTP with a real Redis. */
@Timeout(240)
final class ServeBenchIT {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @TempDir
  @SuppressWarnings("NullAway.Init")
  private Path folder;

  private int bench(String... args) {
    Terminal terminal = new Terminal(new ByteArrayInputStream(new byte[0]), out, err);
    return BenchCommand.run(terminal, new Class<?>[] {ServeBench.class}, args);
  }

  @Test
  void answersEveryRequestOfAClosedLoopWithAndWithoutRelay() {
    int code =
        bench(
            "serve",
            "--json",
            "--read-mib",
            "8",
            "--shape",
            "tiny",
            "--models",
            folder.toString(),
            "--requests",
            "8",
            "--clients",
            "4",
            "--tenants",
            "2",
            "--system",
            "64-96",
            "--prompt",
            "12",
            "--answer",
            "6",
            "--relay",
            "on,off",
            "--cold",
            "--out",
            folder.toString());
    assertThat(code).as("%s", err).isZero();
    JsonNode result = JsonMapper.shared().readTree(out.toString(StandardCharsets.UTF_8));
    assertThat(result.path("header").path("zipf").asDouble()).isEqualTo(1);
    assertThat(result.path("rows")).hasSize(2);
    for (JsonNode row : result.path("rows")) {
      assertThat(row.path("failed").asInt()).as("%s", result).isZero();
      assertThat(row.path("requests").asInt()).isEqualTo(8);
      assertThat(row.path("completionTokens").asInt()).isBetween(8, 48);
      assertThat(row.path("cachedTokens").asInt()).isGreaterThan(7 * 60);
      assertThat(row.path("firstTokenP99Millis").asDouble())
          .isGreaterThanOrEqualTo(row.path("firstTokenP50Millis").asDouble());
      assertThat(row.path("jain").asDouble()).isBetween(0.5, 1.0 + 1e-9);
    }
    assertThat(folder.resolve("serve-first-token.svg")).exists();
  }

  @Test
  void badInputNamesTheRemedy() {
    assertThat(bench("serve", "--url", "http://127.0.0.1:9", "--admin-token", "")).isEqualTo(2);
    assertThat(bench("serve", "--peer", "vllm", "--shape", "tiny", "--requests", "1")).isEqualTo(2);
    assertThat(bench("serve", "--system", "9-3")).isEqualTo(2);
    assertThat(err.toString(StandardCharsets.UTF_8))
        .contains(
            "--admin-token", "--peer can be llama.cpp, not vllm", "--system can not be [9, 3]");
  }
}
