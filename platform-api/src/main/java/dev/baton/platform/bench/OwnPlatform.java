package dev.baton.platform.bench;

import dev.baton.engine.bench.ModelChoice;
import dev.baton.engine.cli.Terminal;
import dev.baton.engine.runtime.DeviceChoice;
import dev.baton.engine.scheduler.RelayMode;
import dev.baton.platform.serve.ServeOptions;
import dev.baton.platform.serve.Server;
import dev.baton.platform.serve.StartFailure;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A whole platform in this process, with a store of its own that goes with it. */
final class OwnPlatform implements AutoCloseable {
  private static final String HOST = "127.0.0.1";

  private final Server server;
  private final Path data;

  private OwnPlatform(Server server, Path data) {
    this.server = server;
    this.data = data;
  }

  static OwnPlatform start(
      ModelChoice.Model model, RelayMode mode, @Nullable Duration decodeLatency, int threads) {
    System.setProperty("logging.level.dev.baton", "WARN"); // a line for each request is for servers
    try {
      Path data = Files.createTempDirectory("baton-bench-");
      Server server =
          new Server(
              new ServeOptions(
                  model.file(),
                  HOST,
                  0,
                  data,
                  null,
                  mode,
                  threads,
                  DeviceChoice.AUTO,
                  null,
                  decodeLatency,
                  false));
      OwnPlatform platform = new OwnPlatform(server, data);
      try {
        server.start(
            new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8));
        return platform;
      } catch (StartFailure e) {
        platform.close();
        throw new Terminal.Failure(e.line());
      }
    } catch (IOException e) {
      throw new Terminal.Failure("no temporary folder can be made: " + e.getMessage());
    }
  }

  URI url() {
    return URI.create("http://" + HOST + ":" + server.port());
  }

  String adminToken() {
    String given = System.getenv("BATON_ADMIN_TOKEN");
    if (given != null && !given.isBlank()) {
      return given.strip();
    }
    try {
      return Files.readString(data.resolve("admin-token")).strip();
    } catch (IOException e) {
      throw new Terminal.Failure("the platform wrote no admin token: " + e.getMessage());
    }
  }

  @Override
  public void close() {
    server.close();
    try (Stream<Path> files = Files.walk(data)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new Terminal.Failure(data + " could not be removed: " + e.getMessage());
    }
  }
}
