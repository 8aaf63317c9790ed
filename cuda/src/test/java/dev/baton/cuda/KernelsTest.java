package dev.baton.cuda;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Every kernel against a plain reference in double precision, in C++ under AddressSanitizer and
 * UndefinedBehaviorSanitizer, in several orders of lanes, warps and blocks ({@code cuda/tests}).
 * One program prints many cases; each is reported here as a test.
 */
final class KernelsTest {
  private static final List<String> SEEDS = List.of("0", "1", "2", "7");
  private static final Path PROGRAMS = StandIn.file("");

  @TestFactory
  Stream<DynamicContainer> everyKernelComputesWhatItsReferenceDoes()
      throws IOException, InterruptedException {
    Path sources = PROGRAMS.resolve("../..").normalize();
    Output built =
        Output.of(new ProcessBuilder("make", "-s", "-j2", "tests").directory(sources.toFile()));
    assumeFalse(built.text().contains("no C++ compiler"), built.text());
    assertThat(built.exitCode()).as(built.text()).isZero();
    List<DynamicContainer> programs = new ArrayList<>();
    for (Path program : programs()) {
      for (String seed : SEEDS) {
        programs.add(
            dynamicContainer(
                "%s in order %s".formatted(program.getFileName(), seed), cases(program, seed)));
      }
    }
    assertThat(programs).hasSizeGreaterThanOrEqualTo(6 * SEEDS.size());
    return programs.stream();
  }

  /** The GPU benchmark on tiny shapes: it runs to its end, and relayed and plain steps agree. */
  @Test
  void theBenchmarkRunsOnTheStandIn() throws IOException, InterruptedException {
    Path script = PROGRAMS.resolve("../../bench/run").normalize();
    assumeTrue(hasCompiler(), "no C++ compiler");
    Output output = Output.of(new ProcessBuilder(script.toString(), "standin"));
    assertThat(output.exitCode()).as(output.text()).isZero();
    assertThat(output.text())
        .contains("== decode steps", "== prefill", "met      relayed and plain attention agree");
  }

  private static List<DynamicTest> cases(Path program, String seed)
      throws IOException, InterruptedException {
    ProcessBuilder command =
        new ProcessBuilder(program.toString()).directory(PROGRAMS.resolve("../..").toFile());
    command.environment().put("EMU_SEED", seed);
    Output output = Output.of(command);
    List<DynamicTest> cases = new ArrayList<>();
    for (String line : output.text().lines().toList()) {
      if (line.startsWith("ok ") || line.startsWith("FAILED ")) {
        cases.add(dynamicTest(line, () -> assertThat(line).startsWith("ok ")));
      }
    }
    // A sanitizer ends the program in the middle, after it has said why.
    cases.add(
        dynamicTest(
            "ends well",
            () -> {
              assertThat(output.exitCode()).as(output.text()).isZero();
              assumeFalse(output.text().contains("no vectors"), output.text());
            }));
    return cases;
  }

  private static boolean hasCompiler() throws IOException, InterruptedException {
    return Output.of(new ProcessBuilder("sh", "-c", "command -v g++")).exitCode() == 0;
  }

  private static List<Path> programs() throws IOException {
    try (Stream<Path> files = Files.list(PROGRAMS)) {
      return files.filter(file -> file.toString().endsWith("_test")).sorted().toList();
    }
  }

  private record Output(int exitCode, String text) {
    static Output of(ProcessBuilder command) throws IOException, InterruptedException {
      Process process = command.redirectErrorStream(true).start();
      String text = new String(process.getInputStream().readAllBytes(), UTF_8);
      return new Output(process.waitFor(), text);
    }
  }
}
