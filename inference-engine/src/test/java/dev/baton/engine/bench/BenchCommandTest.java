package dev.baton.engine.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.cli.JsonText;
import dev.baton.engine.cli.Terminal;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each benchmark on the smallest shapes: what it prints and writes makes sense. */
final class BenchCommandTest {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @TempDir
  @SuppressWarnings("NullAway.Init")
  private Path folder;

  private int bench(String... args) {
    Terminal terminal = new Terminal(new ByteArrayInputStream(new byte[0]), out, err);
    List<String> line = new ArrayList<>(List.of(args));
    if (args.length > 0) {
      line.addAll(List.of("--read-mib", "8"));
    }
    return BenchCommand.run(terminal, new Class<?>[0], line.toArray(String[]::new));
  }

  /** The rows of a run that must succeed, from its JSON. */
  private List<Map<?, ?>> rows(String... args) {
    assertThat(bench(args)).as("%s", err).isZero();
    if (!(JsonText.read("result", out.toString(StandardCharsets.UTF_8)) instanceof Map<?, ?> all)) {
      throw new AssertionError("no object: " + out);
    }
    assertThat(all.get("header"))
        .asInstanceOf(InstanceOfAssertFactories.MAP)
        .containsKeys("commit", "cpu", "cores", "memoryGiB", "jdk", "kernels", "seed", "ceilings");
    List<Map<?, ?>> rows = new ArrayList<>();
    if (all.get("rows") instanceof List<?> list) {
      list.forEach(row -> rows.add((Map<?, ?>) row));
    }
    return rows;
  }

  private static double number(Map<?, ?> row, String key) {
    return row.get(key) instanceof Number number ? number.doubleValue() : Double.NaN;
  }

  @Test
  void relayComparesVariantsBesideTheBoundAndThePaper() {
    List<Map<?, ?>> rows =
        rows(
            "relay",
            "--json",
            "--repetitions",
            "1",
            "--heads",
            "52/52x128",
            "--contexts",
            "128",
            "--prefixes",
            "64",
            "--requests",
            "1,4",
            "--groups",
            "1,2",
            "--out",
            folder.toString());
    assertThat(rows).hasSize(3); // two groups of one each are no groups
    for (Map<?, ?> row : rows) {
      assertThat(number(row, "plainMicros")).isPositive();
      assertThat(number(row, "relayMicros")).isPositive();
      assertThat(number(row, "bound")).isBetween(1.0, 4.0);
    }
    // The paper's: 22.07 and 26.01 us for one request.
    assertThat(number(rows.get(0), "a40Gain")).isBetween(0.84, 0.86);
    assertThat(number(rows.get(1), "bound")).isEqualTo(4.0 * 192 / (64 + 4 * 128));
    assertThat(rows.get(2).get("a40Gain")).isNull();
    assertThat(folder.resolve("relay.json")).exists();
    assertThat(folder.resolve("relay-52-52x128-128.svg")).exists();
  }

  @Test
  void decodeMeasuresEachModeOfRelay() throws IOException {
    List<Map<?, ?>> rows =
        rows(
            "decode",
            "--json",
            "--repetitions",
            "2",
            "--shape",
            "tiny",
            "--models",
            folder.toString(),
            "--system",
            "0,64",
            "--batch",
            "1,6",
            "--tenants",
            "1,3",
            "--out",
            folder.toString());
    assertThat(rows).hasSize(2 * 3 * 3);
    for (Map<?, ?> row : rows) {
      assertThat(number(row, "tokensPerSecond"))
          .isCloseTo(
              number(row, "batch") * 1e3 / number(row, "stepMillis"),
              Percentage.withPercentage(0.1));
      assertThat(number(row, "megabytesMoved")).isPositive();
    }
    // Behind 64 tokens, six sequences of one tenant: relay reads the system part once.
    Map<?, ?> on = rows.get(12);
    Map<?, ?> off = rows.get(13);
    assertThat(on.get("relay")).isEqualTo("on");
    assertThat(number(on, "megabytesMoved")).isLessThan(number(off, "megabytesMoved"));
    assertThat(Files.readString(folder.resolve("decode-tiny-q8-0-64.svg"))).contains("<svg");
  }

  @Test
  void prefillComputesEveryTokenOfThePrompt() {
    List<Map<?, ?>> rows =
        rows(
            "prefill",
            "--json",
            "--repetitions",
            "1",
            "--shape",
            "tiny",
            "--models",
            folder.toString(),
            "--prompt",
            "70",
            "--system",
            "0,33",
            "--batch",
            "2",
            "--chunk",
            "48",
            "--relay",
            "on");
    assertThat(rows).hasSize(2);
    assertThat(rows)
        .allSatisfy(row -> {
          assertThat(number(row, "tokensPerSecond")).isPositive();
          assertThat(number(row, "shareOfRoofline")).isBetween(0.0, 1.5);
        });
  }

  @Test
  void opsMeasuresProductsAttentionAndNorms() {
    List<Map<?, ?>> rows =
        rows(
            "ops",
            "--json",
            "--repetitions",
            "1",
            "--time",
            "5",
            "--type",
            "Q8_0,F32",
            "--rows",
            "1,5",
            "--shape",
            "64x128");
    assertThat(rows.stream().map(row -> row.get("operator")).map(String::valueOf))
        .contains("product", "attention, relayed", "rmsNorm", "swiGlu");
    assertThat(rows).hasSize(2 * 2 + 2 * 3 + 2 * 2);
    assertThat(rows).allSatisfy(row -> assertThat(number(row, "micros")).isPositive());
  }

  @Test
  void aPeerRunsTheSameFileBesideAndItsBetterAttentionIsShown() throws IOException {
    Path program = folder.resolve("bin/llama-batched-bench");
    Files.createDirectories(program.resolveSibling(""));
    // The peer's own format; a real one is run by whoever has it.
    Files.writeString(
        program,
        String.join(
            "\n",
            "#!/bin/sh",
            "echo \"$@\" >>\"$0.calls\"",
            "case \"$*\" in *'-fa on'*) speed=50.5 ;; *) speed=75.25 ;; esac",
            "echo 'main: n_kv_max = 4096'",
            "printf '{%spl%s: 2, %sspeed_tg%s: %s}' '\"' '\"' '\"' '\"' $speed"));
    assertThat(program.toFile().setExecutable(true)).isTrue();
    List<Map<?, ?>> rows =
        rows(
            "decode",
            "--json",
            "--repetitions",
            "1",
            "--shape",
            "tiny",
            "--models",
            folder.toString(),
            "--system",
            "32",
            "--batch",
            "2",
            "--relay",
            "auto",
            "--peer",
            "llama.cpp",
            "--peer-dir",
            folder.toString(),
            "--threads",
            "1");
    assertThat(rows).hasSize(2);
    assertThat(rows.get(1).get("engine")).isEqualTo("llama.cpp");
    assertThat(rows.get(1).get("relay")).isEqualTo("fa off");
    assertThat(number(rows.get(1), "tokensPerSecond")).isEqualTo(75.25);
    assertThat(Files.readString(folder.resolve("bin/llama-batched-bench.calls")))
        .contains("random-tiny-Q8_0.gguf", "-npp 32", "-npl 2", "-t 1");
    assertThat(bench("decode", "--peer", "llama.cpp")).isEqualTo(2);
    assertThat(
            bench(
                "prefill",
                "--shape",
                "tiny",
                "--models",
                folder.toString(),
                "--prompt",
                "8",
                "--repetitions",
                "1",
                "--peer",
                "llama.cpp",
                "--peer-dir",
                folder.toString()))
        .isEqualTo(1);
    assertThat(err.toString(StandardCharsets.UTF_8)).contains("there is no llama-bench in it");
  }

  @Test
  void theTableHasAHeaderOfTheMachine() {
    assertThat(
            bench(
                "relay",
                "--repetitions",
                "1",
                "--heads",
                "4/2x32",
                "--contexts",
                "32",
                "--prefixes",
                "32",
                "--requests",
                "2"))
        .isZero();
    assertThat(out.toString(StandardCharsets.UTF_8))
        .contains("kernels", "f32FmaGFlopsAllThreads", "bound p", "4/2x32");
  }

  @Test
  void badInputNamesTheOptionAndTheRemedy() {
    assertThat(bench("relay", "--heads", "5/2x64")).isEqualTo(2);
    assertThat(bench("decode", "--shape", "7b")).isEqualTo(2);
    assertThat(bench("decode", "--shape", "tiny", "--batch", "0")).isEqualTo(2);
    assertThat(bench("decode", "--threads", "4096", "--shape", "tiny")).isEqualTo(2);
    assertThat(bench()).isEqualTo(2);
    assertThat(err.toString(StandardCharsets.UTF_8).lines())
        .hasSize(5)
        .anySatisfy(line -> assertThat(line).contains("--batch must be between 1"))
        .anySatisfy(line -> assertThat(line).contains("a shape is tiny, 110m or 1b"))
        .anySatisfy(line -> assertThat(line).contains("say what to measure: "));
    assertThat(bench("decode", "--model", folder.resolve("none.gguf").toString())).isEqualTo(1);
  }
}
