package dev.baton.platform.serve;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.springframework.util.FileSystemUtils;

/** A real Redis for a test, as {@code baton serve} starts it, and what can happen to it. */
public final class TestRedis implements AutoCloseable {
  private final Path directory;
  private final DataDirectory data;
  private final OwnRedis redis;

  private TestRedis(Path directory, DataDirectory data, OwnRedis redis) {
    this.directory = directory;
    this.data = data;
    this.redis = redis;
  }

  public static TestRedis start() throws IOException {
    Path directory = Files.createTempDirectory("baton-test-redis");
    DataDirectory data = DataDirectory.open(directory);
    return new TestRedis(
        directory, data, OwnRedis.start(data, RedisBinary.find(directory.resolve("bin"))));
  }

  public String url() {
    return redis.url();
  }

  /** Where it is, as settings of a platform. */
  public Map<String, Object> settings() {
    return redis.settings();
  }

  /** Ends it without a chance to write anything more; it is started again at once. */
  public void kill() {
    signal("-KILL");
  }

  /** Stops it from answering, without closing connections. */
  public void freeze() {
    signal("-STOP");
  }

  /** Lets it go on after {@link #freeze}. */
  public void thaw() {
    signal("-CONT");
  }

  /** Deletes everything in it. */
  public void flush() {
    URI address = URI.create(redis.url());
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), address.getPort())) {
      String password = address.getUserInfo().substring(1);
      socket
          .getOutputStream()
          .write("AUTH %s\r\nFLUSHALL\r\n".formatted(password).getBytes(StandardCharsets.US_ASCII));
      String answers =
          new String(socket.getInputStream().readNBytes(10), StandardCharsets.US_ASCII);
      if (!answers.equals("+OK\r\n+OK\r\n")) {
        throw new AssertionError("not flushed: " + answers);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void signal(String name) {
    try {
      String pid = Files.readString(directory.resolve("redis/redis.pid")).strip();
      new ProcessBuilder("kill", name, pid).start().onExit().join();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    redis.close();
    data.close();
    try {
      FileSystemUtils.deleteRecursively(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
