package dev.baton.platform.cli;

import dev.baton.engine.runtime.DeviceChoice;
import dev.baton.engine.runtime.EngineSettings;
import dev.baton.engine.scheduler.RelayMode;
import dev.baton.platform.serve.ServeOptions;
import dev.baton.platform.serve.Server;
import dev.baton.platform.serve.StartFailure;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.springframework.util.unit.DataSize;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code baton serve}. */
@Command(
    name = "serve",
    description =
        "Serves the tenant API, the admin API and the console on one model, with a Redis of its own.",
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    footer = {
      "",
      "Environment: BATON_MODEL, BATON_ADMIN_TOKEN, and any setting as BATON_CHAT_MAX_BODY_SIZE,",
      "BATON_CHAT_KEEP_ALIVE, BATON_CHAT_STREAM_BUFFER, BATON_SERVE_DRAIN_TIMEOUT.",
      "Exit status: 0 after a stop by Ctrl-C or SIGTERM, 1 when it can not start, 2 for bad options."
    })
final class ServeCommand implements Callable<Integer> {
  @Spec private @Nullable CommandSpec spec;

  @Option(
      names = "--model",
      paramLabel = "FILE",
      description = "GGUF file; without one the small demo model answers.",
      defaultValue = "${env:BATON_MODEL}",
      showDefaultValue = Visibility.NEVER)
  private @Nullable String model;

  @Option(names = "--port", paramLabel = "N", description = "0 takes a free one.")
  private int port = 8080;

  @Option(
      names = "--host",
      paramLabel = "ADDRESS",
      description = "Address to listen on; 0.0.0.0 for all.")
  private String host = "127.0.0.1";

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description = "Where the store, the admin token and the demo model are kept.")
  private Path data = Path.of("./data");

  @Option(
      names = "--kv-memory",
      paramLabel = "SIZE",
      description = "Memory for keys and values, such as 512MB or 4GB.")
  private @Nullable String kvMemory;

  @Option(
      names = "--relay",
      paramLabel = "on|off|auto",
      description = "Whether system prompts are read once for a tenant's whole group.")
  private String relay = "auto";

  @Option(
      names = "--decode-latency",
      paramLabel = "MS",
      description =
          "Time between two tokens of an answer that prompts of others may take it to; 0 for no bound.")
  private long decodeLatencyMillis = EngineSettings.DECODE_LATENCY_TARGET.toMillis();

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Computing threads; all processors when left out.")
  private @Nullable Integer threads;

  @Option(
      names = "--device",
      paramLabel = "auto|cpu|cuda",
      defaultValue = "${baton.engine.device:-auto}",
      description =
          "What computes: a GPU, the CPU, or a GPU where one can serve the model (${DEFAULT-VALUE}).")
  private String device = "auto";

  @Option(
      names = "--redis",
      paramLabel = "URL",
      description = "An external Redis (redis://[:PASSWORD@]HOST:PORT) in place of an own one.")
  private @Nullable String redis;

  @Option(
      names = "--exit-when-ready",
      hidden = true,
      description = "Stops after first requests: a build records what a start loads.")
  private boolean exitWhenReady;

  /** The engine's own logger; held, because levels of loggers that are collected are forgotten. */
  private static final Logger ENGINE_LOG = Logger.getLogger("dev.baton.engine");

  @Override
  public Integer call() {
    // One line for each request is written by the platform; the engine's would be the second.
    ENGINE_LOG.setLevel(Level.WARNING);
    Server server = new Server(options());
    AtomicBoolean failed = new AtomicBoolean();
    CountDownLatch ended = new CountDownLatch(1);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  if (!failed.get()) {
                    server.close();
                    ended.countDown();
                    // A stop by signal is a success; the JVM alone would say 130 or 143.
                    Runtime.getRuntime().halt(0);
                  }
                },
                "shutdown"));
    try {
      server.start(System.out);
      if (exitWhenReady) {
        server.rehearse();
      } else {
        ended.await();
      }
      return 0;
    } catch (StartFailure e) {
      failed.set(true);
      System.err.println("baton: " + e.line());
    } catch (IOException e) {
      failed.set(true);
      System.err.println("baton: a first request was not answered: " + e.getMessage());
    } catch (InterruptedException e) {
      failed.set(true);
      Thread.currentThread().interrupt();
    }
    server.close();
    return 1;
  }

  private ServeOptions options() {
    return new ServeOptions(
        modelFile(),
        host,
        inRange("--port", port, 0, 65535),
        data,
        bytes(blankIsNull(kvMemory)),
        relayMode(),
        threads == null ? null : inRange("--threads", threads, 1, 4096),
        deviceChoice(),
        blankIsNull(redis),
        decodeLatencyMillis == 0
            ? null
            : Duration.ofMillis(inRange("--decode-latency", decodeLatencyMillis, 0, 600_000)),
        true);
  }

  /** Compose files pass variables that are not set as empty texts. */
  private static @Nullable String blankIsNull(@Nullable String text) {
    return text == null || text.isBlank() ? null : text.strip();
  }

  private @Nullable Path modelFile() {
    String file = blankIsNull(model);
    return file == null ? null : Path.of(file);
  }

  private DeviceChoice deviceChoice() {
    try {
      return DeviceChoice.of(device);
    } catch (IllegalArgumentException e) {
      throw bad("--device must be auto, cpu or cuda, not " + device);
    }
  }

  private RelayMode relayMode() {
    return switch (relay) {
      case "on" -> RelayMode.ON;
      case "off" -> RelayMode.OFF;
      case "auto" -> RelayMode.AUTO;
      default -> throw bad("--relay must be on, off or auto, not " + relay);
    };
  }

  private @Nullable Long bytes(@Nullable String size) {
    if (size == null) {
      return null;
    }
    try {
      return DataSize.parse(size.toUpperCase(Locale.ROOT)).toBytes();
    } catch (IllegalArgumentException e) {
      throw bad("--kv-memory must be a size such as 512MB or 4GB, not " + size);
    }
  }

  private <N extends Number> N inRange(String option, N value, long low, long high) {
    if (value.longValue() < low || value.longValue() > high) {
      throw bad("%s must be between %d and %d, not %d".formatted(option, low, high, value));
    }
    return value;
  }

  private ParameterException bad(String message) {
    return new ParameterException(Objects.requireNonNull(spec).commandLine(), message);
  }
}
