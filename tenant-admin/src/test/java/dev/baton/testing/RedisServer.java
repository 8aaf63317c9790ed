package dev.baton.testing;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.testcontainers.DockerClientFactory;

/**
 * A real Redis for a test class, that syncs every write to disk. It is a container where a Docker
 * engine can be reached, else a {@code redis-server} process; {@code
 * -Dbaton.test.redis=container|process} decides instead.
 *
 * <pre>{@code
 * @RegisterExtension static final RedisServer REDIS = RedisServer.durable();
 * }</pre>
 */
public final class RedisServer implements BeforeAllCallback, AfterAllCallback {
  private static final List<String> DURABLE =
      List.of("--appendonly", "yes", "--appendfsync", "always", "--save", "");
  private static final Duration START_LIMIT = Duration.ofSeconds(60);

  private final List<String> options;
  private final int port;
  private final RedisRuntime runtime;

  private RedisServer(List<String> options) {
    this.options = options;
    port = freePort();
    runtime = chosenRuntime();
  }

  /** Keeps what it acknowledged. */
  public static RedisServer durable() {
    return new RedisServer(DURABLE);
  }

  /** With further options, which override the durable ones. */
  public static RedisServer with(String... further) {
    List<String> options = new ArrayList<>(DURABLE);
    options.addAll(Arrays.asList(further));
    return new RedisServer(options);
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    start();
  }

  @Override
  public void afterAll(ExtensionContext context) {
    runtime.close();
  }

  /** The same before and after {@link #kill}. */
  public int port() {
    return port;
  }

  /** For {@code spring.data.redis.url}. */
  public String url() {
    return "redis://" + runtime.host() + ":" + port;
  }

  /** Starts it, on the data it had before, and waits until it answers. */
  public void start() {
    runtime.start(port, options);
    await().atMost(START_LIMIT).pollInterval(Duration.ofMillis(20)).until(this::answers);
  }

  /** Ends it without a chance to write anything more, as {@code kill -9} does. */
  public void kill() {
    runtime.kill();
  }

  /** Stops it from answering, without closing connections. */
  public void freeze() {
    runtime.freeze();
  }

  /** Lets it go on after {@link #freeze}. */
  public void thaw() {
    runtime.thaw();
  }

  private boolean answers() {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(runtime.host(), port), 500);
      socket.setSoTimeout(500);
      socket.getOutputStream().write("PING\r\n".getBytes(StandardCharsets.US_ASCII));
      byte[] answer = socket.getInputStream().readNBytes(5);
      return new String(answer, StandardCharsets.US_ASCII).equals("+PONG");
    } catch (IOException e) {
      return false;
    }
  }

  private static RedisRuntime chosenRuntime() {
    String wanted = System.getProperty("baton.test.redis", "");
    return switch (wanted) {
      case "container" -> new RedisContainer();
      case "process" -> new RedisProcess();
      case "" ->
          DockerClientFactory.instance().isDockerAvailable()
              ? new RedisContainer()
              : new RedisProcess();
      default ->
          throw new IllegalArgumentException(
              "baton.test.redis is container or process, not " + wanted);
    };
  }

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
