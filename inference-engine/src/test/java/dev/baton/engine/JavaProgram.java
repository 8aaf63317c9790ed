package dev.baton.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Programs among the tests that need a JVM of their own. */
public final class JavaProgram {
  private JavaProgram() {}

  /**
   * Runs a program of the engine to its end, which must be a good one, and returns the lines it
   * printed.
   *
   * @param before a command that starts another one, or nothing
   */
  public static List<String> run(
      List<String> before, List<String> options, Class<?> program, List<String> arguments)
      throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(List.of("--add-modules", "jdk.incubator.vector"));
    all.add("--enable-native-access=ALL-UNNAMED");
    all.addAll(options);
    List<String> command = new ArrayList<>(before);
    command.addAll(command(all, program));
    command.addAll(arguments);
    Process process = new ProcessBuilder(command).redirectError(Redirect.INHERIT).start();
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as("%s printed %s", command, printed).isZero();
    return printed.lines().toList();
  }

  /** The command that runs a program on this JVM and class path, with these options alone. */
  public static List<String> command(List<String> options, Class<?> program) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), program.getName()));
    return command;
  }
}
