package dev.baton.testing;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A {@code redis-server} of this machine, with a directory of its own. */
final class RedisProcess implements RedisRuntime {
  private @Nullable Process process;
  private @Nullable Path directory;

  @Override
  public void start(int port, List<String> options) {
    try {
      if (directory == null) {
        directory = Files.createTempDirectory("baton-redis");
      }
      List<String> command =
          new ArrayList<>(
              List.of(
                  "redis-server",
                  "--port",
                  Integer.toString(port),
                  "--bind",
                  "127.0.0.1",
                  "--dir",
                  directory.toString()));
      command.addAll(options);
      process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(directory.resolve("redis.log").toFile())
              .start();
    } catch (IOException e) {
      throw new UncheckedIOException(
          "install redis-server, or name a Docker engine in DOCKER_HOST", e);
    }
  }

  @Override
  public String host() {
    return "127.0.0.1";
  }

  @Override
  public void kill() {
    running().destroyForcibly().onExit().join();
  }

  @Override
  public void freeze() {
    signal("-STOP");
  }

  @Override
  public void thaw() {
    signal("-CONT");
  }

  @Override
  public void close() {
    if (process != null) {
      kill();
    }
    if (directory != null) {
      try (Stream<Path> files = Files.walk(directory)) {
        files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private void signal(String name) {
    try {
      new ProcessBuilder("kill", name, Long.toString(running().pid())).start().onExit().join();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Process running() {
    if (process == null) {
      throw new IllegalStateException("Redis was not started");
    }
    return process;
  }
}
