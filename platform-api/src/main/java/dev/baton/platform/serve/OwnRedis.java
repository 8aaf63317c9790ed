package dev.baton.platform.serve;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The platform's own Redis: a process of its own on the loopback address, every acknowledged write
 * on disk, restarted when it dies, stopped last.
 *
 * <p>It runs as a daemon in its own session, so that a Ctrl-C in the terminal reaches the platform
 * alone, which still needs its store while it drains. Should the platform be killed, the Redis left
 * behind is found through its pid file and password at the next start, and stopped before the new
 * one opens the same data.
 */
final class OwnRedis implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(OwnRedis.class);
  private static final Duration START_LIMIT = Duration.ofSeconds(30);
  private static final Duration STOP_LIMIT = Duration.ofSeconds(10);
  private static final Duration POLL = Duration.ofMillis(10);
  private static final String CONFIGURATION = "redis/redis.conf";

  private final DataDirectory data;
  private final Path directory;
  private final int port;
  private final String password;
  private final @Nullable Path socket;
  private volatile @Nullable RedisBinary binary;
  private volatile boolean closing;

  private OwnRedis(
      DataDirectory data, Path directory, int port, String password, @Nullable Path socket) {
    this.data = data;
    this.directory = directory;
    this.port = port;
    this.password = password;
    this.socket = socket;
  }

  /** One that does not run yet: where it will listen is known, so that others can be told. */
  static OwnRedis plan(DataDirectory data) {
    Path directory = data.privateDirectory("redis");
    return new OwnRedis(
        data, directory, freePort(), DataDirectory.secret(), socketIn(directory.toAbsolutePath()));
  }

  /** As {@link #plan}, and runs when this returns. */
  static OwnRedis start(DataDirectory data, RedisBinary binary) {
    OwnRedis redis = plan(data);
    redis.start(binary);
    return redis;
  }

  /**
   * Starts it and waits until it answers.
   *
   * @throws StartFailure when it does not come up
   */
  void start(RedisBinary program) {
    binary = program;
    stopLeftBehind(data, directory);
    data.writeSecret(CONFIGURATION, configuration());
    launch();
  }

  /** Where it listens, with its password, as settings of a platform. */
  Map<String, Object> settings() {
    return socket == null
        ? Map.of("spring.data.redis.url", url())
        : Map.of("spring.data.redis.url", url(), "baton.storage.unix-socket", socket);
  }

  /** Address with password, for Spring Data Redis. */
  String url() {
    return "redis://:%s@127.0.0.1:%d".formatted(password, port);
  }

  String version() {
    return program().version();
  }

  private RedisBinary program() {
    return Objects.requireNonNull(binary, "not started");
  }

  private String configuration() {
    return """
    # Written by 'baton serve' at each start.
    bind 127.0.0.1
    port %d
    %s
    requirepass %s
    dir "%s"
    daemonize yes
    pidfile "%s"
    logfile "%s"
    appendonly yes
    appendfsync always
    save ""
    """
        .formatted(
            port,
            socket == null
                ? "# no Unix socket: this folder can hold none"
                : "unixsocket \"%s\"\nunixsocketperm 700".formatted(socket),
            password,
            directory,
            pidFile(directory),
            logFile());
  }

  private Path logFile() {
    return directory.resolve("redis.log");
  }

  private static Path pidFile(Path directory) {
    return directory.resolve("redis.pid");
  }

  private void launch() {
    Path program = program().program();
    try {
      Files.deleteIfExists(pidFile(directory));
      Process starter =
          new ProcessBuilder(program.toString(), directory.resolve("redis.conf").toString())
              .redirectErrorStream(true)
              .redirectOutput(directory.resolve("redis.out").toFile())
              .start();
      if (!starter.waitFor(START_LIMIT.toSeconds(), TimeUnit.SECONDS) || starter.exitValue() != 0) {
        throw new StartFailure(
            "Redis (%s) did not start; see %s.".formatted(program, directory.resolve("redis.out")));
      }
    } catch (IOException e) {
      throw new StartFailure("can not run " + program + ": " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StartFailure("interrupted while Redis was starting", e);
    }
    awaitAnswer();
    process(directory).ifPresent(this::watch);
  }

  private void awaitAnswer() {
    long deadline = System.nanoTime() + START_LIMIT.toNanos();
    while (!RedisWire.answers(port, password)) {
      if (System.nanoTime() > deadline) {
        throw new StartFailure(
            "Redis (%s) does not answer on port %d; see %s."
                .formatted(program().program(), port, logFile()));
      }
      LockSupport.parkNanos(POLL.toNanos());
    }
  }

  /** On a thread of its own: Redis' clients need the common pool's to connect, maybe its only. */
  private void watch(ProcessHandle redis) {
    redis
        .onExit()
        .thenAcceptAsync(
            gone -> startAgain(gone.pid()),
            task -> Thread.ofPlatform().daemon().name("redis-restart").start(task));
  }

  private synchronized void startAgain(long gone) {
    if (closing) {
      return;
    }
    log.warn("Redis (pid {}) has ended; starting it again", gone);
    try {
      launch();
      log.info("Redis is back on port {}", port);
    } catch (StartFailure e) {
      log.error("Redis can not be started again: {}", e.line());
    }
  }

  /** Only a Redis that knows the password in our configuration file is ours to stop. */
  private static void stopLeftBehind(DataDirectory data, Path directory) {
    Optional<ProcessHandle> left = process(directory);
    if (left.isEmpty()) {
      return;
    }
    List<String> lines =
        data.read(CONFIGURATION).map(text -> text.lines().toList()).orElse(List.of());
    String port = value(lines, "port ");
    String password = value(lines, "requirepass ");
    if (port.isEmpty() || !RedisWire.answers(Integer.parseInt(port), password)) {
      return;
    }
    log.info("stopping the Redis that an earlier run left behind (pid {})", left.get().pid());
    stop(left.get(), Integer.parseInt(port), password);
  }

  private static String value(List<String> lines, String key) {
    return lines.stream()
        .filter(line -> line.startsWith(key))
        .map(line -> line.substring(key.length()).strip())
        .findFirst()
        .orElse("");
  }

  private static Optional<ProcessHandle> process(Path directory) {
    try {
      Path file = pidFile(directory);
      return Files.exists(file)
          ? ProcessHandle.of(Long.parseLong(Files.readString(file).strip())).filter(OwnRedis::runs)
          : Optional.empty();
    } catch (IOException | NumberFormatException e) {
      return Optional.empty();
    }
  }

  /**
   * Whether it is a Redis that runs: neither another program that was given an old number, nor one
   * that has ended and that nobody has asked for, as in a container without an init.
   */
  static boolean runs(ProcessHandle process) {
    // Debian's redis-server is a link to redis-check-rdb.
    return process.info().command().filter(program -> program.contains("redis")).isPresent();
  }

  private static void stop(ProcessHandle redis, int port, String password) {
    try {
      RedisWire.shutDown(port, password);
    } catch (IOException e) {
      redis.destroy();
    }
    // It is no child of this process, and the JDK looks at such ones once a second only.
    long deadline = System.nanoTime() + STOP_LIMIT.toNanos();
    while (redis.isAlive() && runs(redis)) {
      if (System.nanoTime() > deadline) {
        redis.destroyForcibly();
        return;
      }
      LockSupport.parkNanos(POLL.toNanos());
    }
  }

  /**
   * A way shorter than the network's; null where the name is too long or the files are no place.
   */
  private static @Nullable Path socketIn(Path directory) {
    Path path = directory.resolve("redis.sock");
    try (ServerSocketChannel probe = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      Files.deleteIfExists(path); // of one that was killed
      probe.bind(UnixDomainSocketAddress.of(path));
      Files.delete(path);
      return path;
    } catch (IOException | UnsupportedOperationException e) {
      log.debug("no Unix socket for Redis: {}", e.getMessage());
      return null;
    }
  }

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new StartFailure("found no free port for Redis: " + e.getMessage(), e);
    }
  }

  /** Leaves the process running, as a killed platform does. */
  void abandon() {
    closing = true;
  }

  /** Stops it; one that is being started again is waited for, so that none is left behind. */
  @Override
  public void close() {
    closing = true;
    synchronized (this) {
      process(directory).ifPresent(redis -> stop(redis, port, password));
    }
  }
}
