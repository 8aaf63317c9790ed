package dev.baton.platform.bench;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/**
 * A server of this build in a process of its own, with the JVM options of this one, so that what is
 * measured runs as what {@code ./baton} serves. It says {@code port N} when it is up, answers
 * questions, a line each, in the same form, and ends with its input.
 */
final class MeasuredProcess implements AutoCloseable {
  private static final Pattern ANSWER = Pattern.compile("(port|heap) [0-9]+");
  private static final String ENDED = "";

  private final Process process;
  private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();
  private final BufferedWriter input;
  private final int port;

  private MeasuredProcess(Process process) throws IOException {
    this.process = process;
    Thread.ofVirtual().start(this::read);
    this.input = process.outputWriter(StandardCharsets.UTF_8);
    this.port = (int) answer("port");
  }

  /**
   * Starts it.
   *
   * @param heapMebibytes of heap it may use
   * @throws IOException when it does not come up; its errors are on the standard error stream
   */
  static MeasuredProcess start(Class<?> main, int heapMebibytes, String... arguments)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(option -> !option.startsWith("-XX:SharedArchiveFile")) // of another class path
        .forEach(command::add);
    command.add("-Xmx" + heapMebibytes + "m"); // the last one counts
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectError(Redirect.INHERIT).start();
    try {
      return new MeasuredProcess(process);
    } catch (IOException e) {
      process.destroyForcibly();
      throw e;
    }
  }

  int port() {
    return port;
  }

  /** Asks for a number. */
  long ask(String what) throws IOException {
    input.write(what + "\n");
    input.flush();
    return answer(what);
  }

  /** Takes lines such as {@code port 8080}; a log that nobody read would stop the process. */
  private void read() {
    process
        .inputReader(StandardCharsets.UTF_8)
        .lines()
        .forEach(line -> {
          if (ANSWER.matcher(line).matches()) {
            answers.add(line);
          } else {
            System.err.println(line);
          }
        });
    answers.add(ENDED);
  }

  private long answer(String what) throws IOException {
    try {
      String line = answers.take();
      if (line.startsWith(what + " ")) {
        return Long.parseLong(line.substring(what.length() + 1));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    throw new IOException("the measured process ended, its errors are above");
  }

  @Override
  public void close() {
    try {
      input.close();
      if (!process.waitFor(40, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
