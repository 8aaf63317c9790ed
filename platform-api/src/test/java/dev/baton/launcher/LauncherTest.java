package dev.baton.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs a copy of {@code ./baton} in a folder of its own. */
final class LauncherTest {

  @TempDir Path folder;

  private record Outcome(int exitCode, String output) {}

  @BeforeEach
  void copyLauncher() throws IOException {
    Files.createDirectories(folder.resolve(".mvn"));
    Files.copy(root().resolve("baton"), folder.resolve("baton"));
    Files.copy(root().resolve(".mvn/jdk.sh"), folder.resolve(".mvn/jdk.sh"));
  }

  @Test
  void saysWhichJdkIsMissingAndWhereItLooked() throws Exception {
    // No machine has a JDK 99, whatever else it has.
    Path script = folder.resolve(".mvn/jdk.sh");
    Files.writeString(script, Files.readString(script).replace("jdk_wanted=25", "jdk_wanted=99"));

    Outcome outcome = run(Map.of(), "serve");

    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(outcome.output())
        .contains("needs a JDK 99", "none was found", "/usr/lib/jvm", "JAVA_HOME=");
  }

  @Test
  void ignoresAJavaHomeOfAnotherVersion() throws Exception {
    Path old = folder.resolve("jdk-17");
    Files.createDirectories(old.resolve("bin"));
    Files.writeString(old.resolve("release"), "JAVA_VERSION=\"17.0.15\"\n");
    Path javac = Files.writeString(old.resolve("bin/javac"), "#!/bin/sh\nexit 9\n");
    assertThat(javac.toFile().setExecutable(true)).isTrue();
    Files.writeString(folder.resolve("probe.sh"), ". .mvn/jdk.sh\necho \"home=$JAVA_HOME\"\n");

    Outcome outcome = start(Map.of("JAVA_HOME", old.toString()), List.of("sh", "probe.sh"));

    assertThat(outcome.exitCode()).isZero();
    assertThat(outcome.output()).contains("home=").doesNotContain("jdk-17");
  }

  @Test
  void explainsItselfWithoutAnyJdk() throws Exception {
    Outcome outcome = run(Map.of("PATH", "/usr/bin:/bin"), "--help");

    assertThat(outcome.exitCode()).isZero();
    assertThat(outcome.output()).contains("./baton serve", "./baton test", "BATON_JVM_OPTS");
  }

  /** An unknown key under {@code baton.} fails the start, from the command line too. */
  @Test
  void setsNoPropertyThatIsTakenForASetting() throws Exception {
    assertThat(Files.readString(root().resolve("baton"))).doesNotContain("-Dbaton.");
  }

  /** With an incubating module among its first ones a JVM links no classes from the archive. */
  @Test
  void leavesTheVectorModuleToTheRunningJvm() throws Exception {
    assertThat(Files.readString(root().resolve("baton")))
        .contains("-XX:+AOTClassLinking")
        .doesNotContain("--add-modules");
    assertThat(Files.readString(root().resolve("platform-api/pom.xml")))
        .contains("<Add-Exports>java.base/jdk.internal.module</Add-Exports>");
  }

  private Outcome run(Map<String, String> environment, String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("sh", "baton"));
    command.addAll(List.of(arguments));
    return start(environment, command);
  }

  private Outcome start(Map<String, String> environment, List<String> command) throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true);
    builder.environment().putAll(environment);
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Outcome(process.waitFor(), output);
  }

  private static Path root() {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.exists(folder.resolve("inference-engine"))) {
      folder = Objects.requireNonNull(folder.getParent(), "not inside Baton's sources");
    }
    return folder;
  }
}
