package dev.baton.platform.serve;

import dev.baton.platform.BatonApplication;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** {@code baton ...} as a process of its own, as the launcher starts it. */
final class ServeProcess implements AutoCloseable {
  private static final Pattern LAUNCHER_OPTIONS = Pattern.compile("jvm_flags=\"([^\"]*)\"");

  private final Process process;
  private final List<String> lines = new ArrayList<>(); // guarded by lines
  private final Thread reader;

  private ServeProcess(Process process) {
    this.process = process;
    this.reader = Thread.ofVirtual().start(this::read);
  }

  static ServeProcess start(Path directory, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of(java(), "--add-modules"));
    command.add("jdk.incubator.vector");
    command.addAll(jvmOptions());
    command.addAll(List.of(arguments));
    return run(directory, command);
  }

  /** With all the JVM options that {@code ./baton} may set. */
  static ServeProcess asLaunched(Path directory, String... arguments) throws IOException {
    List<String> options =
        LAUNCHER_OPTIONS
            .matcher(Files.readString(Path.of("../baton")))
            .results()
            .flatMap(found -> Pattern.compile("\\s+").splitAsStream(found.group(1)))
            .filter(option -> option.startsWith("-"))
            .toList();
    if (!options.contains("-XX:+UseTransparentHugePages")) {
      throw new AssertionError("not all JVM options found in the launcher: " + options);
    }
    List<String> command = new ArrayList<>(List.of(java(), "--add-modules"));
    command.add("jdk.incubator.vector");
    command.addAll(options);
    command.addAll(List.of("-cp", absoluteClassPath(), BatonApplication.class.getName()));
    command.addAll(List.of(arguments));
    return run(directory, command);
  }

  static ServeProcess withoutVectorModule(Path directory) throws IOException {
    List<String> command = new ArrayList<>(List.of(java()));
    command.addAll(jvmOptions());
    command.add("serve");
    return run(directory, command);
  }

  private static String java() {
    return System.getProperty("java.home") + "/bin/java";
  }

  private static List<String> jvmOptions() {
    return List.of(
        "--enable-native-access=ALL-UNNAMED",
        "-Xmx512m",
        "-cp",
        absoluteClassPath(),
        BatonApplication.class.getName());
  }

  private static String absoluteClassPath() {
    StringBuilder path = new StringBuilder();
    // Surefire's own JVM may have a single jar that only names the rest.
    String classPath =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    for (String entry : classPath.split(File.pathSeparator)) {
      path.append(Path.of(entry).toAbsolutePath()).append(File.pathSeparator);
    }
    return path.toString();
  }

  private static ServeProcess run(Path directory, List<String> command) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.directory(directory.toFile());
    builder.environment().remove("BATON_MODEL");
    builder.environment().remove("BATON_ADMIN_TOKEN");
    return new ServeProcess(builder.start());
  }

  private void read() {
    try (BufferedReader output =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = output.readLine(); line != null; line = output.readLine()) {
        synchronized (lines) {
          lines.add(line);
          lines.notifyAll();
        }
      }
    } catch (IOException e) {
      // The process was killed by its test: there is no more to read.
    } finally {
      synchronized (lines) {
        lines.notifyAll();
      }
    }
  }

  /** The first line that has the text in it. */
  String awaitLine(String text) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    synchronized (lines) {
      while (true) {
        String found = find(text);
        if (found != null) {
          return found;
        }
        long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
        if (left <= 0 || !reader.isAlive()) {
          throw new AssertionError("no line with '" + text + "' in:\n" + String.join("\n", lines));
        }
        lines.wait(Math.min(left, 200));
      }
    }
  }

  private @Nullable String find(String text) {
    return lines.stream().filter(line -> line.contains(text)).findFirst().orElse(null);
  }

  String output() {
    synchronized (lines) {
      return String.join("\n", lines);
    }
  }

  /** What the process holds in memory, as the system counts it. */
  long residentBytes() throws IOException {
    Path status = Path.of("/proc", Long.toString(process.pid()), "status");
    for (String line : Files.readAllLines(status)) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(line.replaceAll("\\D", "")) << 10;
      }
    }
    throw new IllegalStateException("no VmRSS in " + status);
  }

  void type(String text) throws IOException {
    process.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
    process.getOutputStream().close();
  }

  /** SIGTERM; the launcher's Ctrl-C takes the same way. */
  int terminate() throws InterruptedException {
    process.destroy();
    return exitStatus();
  }

  void kill() throws InterruptedException {
    process.destroyForcibly();
    exitStatus();
  }

  int exitStatus() throws InterruptedException {
    if (!process.waitFor(60, TimeUnit.SECONDS)) {
      throw new AssertionError("did not end:\n" + output());
    }
    reader.join();
    return process.exitValue();
  }

  /** Lets it stop its Redis, which it would leave behind when killed. */
  @Override
  public void close() {
    process.destroy();
    process.onExit().completeOnTimeout(process, 30, TimeUnit.SECONDS).join();
    process.destroyForcibly();
  }
}
