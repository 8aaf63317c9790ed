package dev.baton.engine.bench;

import dev.baton.engine.cli.Terminal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * Another engine to run beside, in turns, on the same file with as many threads.
 *
 * <p>The folder is a llama.cpp build ({@code DIR/PROGRAM}, {@code DIR/bin/PROGRAM} or {@code
 * DIR/build/bin/PROGRAM}), or distribution packages unpacked under {@code DIR/root}, which are run
 * with the C library among them and the best CPU backend for this machine.
 */
@SuppressWarnings("NullAway.Init") // picocli sets the fields
public final class PeerOptions {
  private static final List<String> PLACES = List.of("", "bin", "build/bin");

  @Option(
      names = "--peer",
      paramLabel = "llama.cpp",
      description = "Run this engine beside, in turns, on the same file with as many threads.")
  private @Nullable String peer;

  @Option(
      names = "--peer-dir",
      paramLabel = "DIR",
      description =
          "Where it is: a llama.cpp build (llama-bench, llama-batched-bench, llama-server in DIR,"
              + " DIR/bin or DIR/build/bin), or Debian's packages unpacked in DIR/root.")
  private @Nullable Path folder;

  /** Whether a peer was asked for; checks that it is one that is known. */
  public boolean wanted() {
    if (peer == null) {
      return false;
    }
    if (!peer.equals("llama.cpp")) {
      throw new IllegalArgumentException("--peer can be llama.cpp, not " + peer);
    }
    if (folder == null) {
      throw new IllegalArgumentException("--peer needs --peer-dir, the folder of its programs");
    }
    return true;
  }

  /**
   * A command line of one of the peer's programs.
   *
   * @throws Terminal.Failure when the folder has no such program
   */
  public ProcessBuilder command(String program, List<String> arguments) {
    Path home = folder == null ? Path.of("") : folder;
    List<String> line = new ArrayList<>();
    for (String place : PLACES) {
      Path file = home.resolve(place).resolve(program);
      if (Files.isExecutable(file) && !Files.isDirectory(file)) {
        line.add(file.toString());
        line.addAll(arguments);
        return new ProcessBuilder(line);
      }
    }
    Path packaged = home.resolve("root/usr/bin").resolve(program);
    if (!Files.isExecutable(packaged)) {
      throw new Terminal.Failure(
          "%s: there is no %s in it; name the folder of a llama.cpp build with --peer-dir"
              .formatted(home, program));
    }
    Path loader = find(home.resolve("root/usr/lib"), "ld-linux-x86-64.so.2");
    Path libraries = loader.resolveSibling("");
    line.add(loader.toString());
    line.add("--library-path");
    line.add(libraries + ":" + libraries.resolve("llama"));
    line.add(packaged.toString());
    line.addAll(arguments);
    ProcessBuilder command = new ProcessBuilder(line);
    command
        .environment()
        .put(
            "GGML_BACKEND_PATH",
            find(home.resolve("root/usr/lib"), "libggml-cpu-" + backend() + ".so").toString());
    return command;
  }

  /** The CPU backend for what this machine's processors have. */
  private static String backend() {
    String flags = " " + RunHeader.cpuInfo("flags").orElse("") + " ";
    if (flags.contains(" amx_int8 ")) {
      return "sapphirerapids";
    }
    if (flags.contains(" avx512_bf16 ")) {
      return "zen4";
    }
    return flags.contains(" avx512_vnni ") ? "icelake" : "haswell";
  }

  private static Path find(Path root, String name) {
    try (Stream<Path> files = Files.walk(root)) {
      return files
          .filter(file -> name.equals(String.valueOf(file.getFileName())))
          .findFirst()
          .orElseThrow(
              () -> new Terminal.Failure("%s: there is no %s in it".formatted(root, name)));
    } catch (IOException e) {
      throw new Terminal.Failure("%s: can not be searched: %s".formatted(root, e.getMessage()));
    }
  }
}
