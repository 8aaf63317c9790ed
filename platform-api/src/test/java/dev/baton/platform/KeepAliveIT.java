package dev.baton.platform;

import static dev.baton.platform.PlatformUnderTest.ADMIN_TOKEN;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.platform.serve.TestRedis;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** One connection for many requests, the next of which comes before the last is over. */
@Timeout(120)
class KeepAliveIT {
  private static final int ROUNDS = 20;

  /**
   * A request that waits for Redis, one behind it that is refused at once, and a third when both
   * are answered. Reactor Netty up to 1.3.7 did not read the third: its connection hung for good.
   */
  @Test
  void aConnectionIsReadOnAfterARequestThatCameTooEarly() throws Exception {
    try (ScriptedEngine engine = new ScriptedEngine();
        TestRedis redis = TestRedis.start();
        PlatformUnderTest platform = PlatformUnderTest.start(engine, redis, Map.of());
        Connection connection = new Connection(platform.url())) {
      String slow = request("/admin/v1/tenants", ADMIN_TOKEN);
      String quick = request("/admin/v1/tenants", "not-a-token");
      for (int i = 0; i < ROUNDS; i++) {
        connection.write(slow + quick);
        assertThat(connection.status()).isEqualTo(200);
        assertThat(connection.status()).isEqualTo(401);
      }
    }
  }

  /** What is refused before its body was read leaves the connection to the next request. */
  @Test
  void aConnectionIsReadOnAfterABodyThatNobodyWanted() throws Exception {
    try (ScriptedEngine engine = new ScriptedEngine();
        TestRedis redis = TestRedis.start();
        PlatformUnderTest platform = PlatformUnderTest.start(engine, redis, Map.of());
        Connection connection = new Connection(platform.url())) {
      String body = "x".repeat(40_000);
      String unwanted =
          """
          POST /admin/v1/nothing HTTP/1.1\r
          Host: platform\r
          Authorization: Bearer %s\r
          Content-Type: application/json\r
          Content-Length: %d\r
          \r
          %s\
          """
              .formatted(ADMIN_TOKEN, body.length(), body);
      for (int i = 0; i < ROUNDS; i++) {
        connection.write(unwanted);
        assertThat(connection.status()).isEqualTo(404);
        connection.write(request("/admin/v1/tenants", ADMIN_TOKEN));
        assertThat(connection.status()).isEqualTo(200);
      }
    }
  }

  private static String request(String path, String token) {
    return """
    GET %s HTTP/1.1\r
    Host: platform\r
    Authorization: Bearer %s\r
    \r
    """
        .formatted(path, token);
  }

  /** A client that sends what it is told, when it is told. */
  private static final class Connection implements AutoCloseable {
    private static final int ANSWER_LIMIT_MILLIS = 20_000;

    private final Socket socket;
    private final InputStream answers;

    Connection(URI platform) throws IOException {
      socket = new Socket(platform.getHost(), platform.getPort());
      socket.setSoTimeout(ANSWER_LIMIT_MILLIS);
      answers = socket.getInputStream();
    }

    void write(String requests) throws IOException {
      socket.getOutputStream().write(requests.getBytes(StandardCharsets.US_ASCII));
    }

    /** Reads an answer to its end; fails when none comes. */
    int status() throws IOException {
      StringBuilder head = new StringBuilder();
      while (head.indexOf("\r\n\r\n") < 0) {
        int next = answers.read();
        if (next < 0) {
          throw new IOException("the connection was closed after: " + head);
        }
        head.append((char) next);
      }
      String length = header(head.toString(), "content-length");
      answers.readNBytes(Integer.parseInt(length));
      return Integer.parseInt(head.substring(9, 12));
    }

    private static String header(String head, String name) {
      return head.lines()
          .filter(line -> line.regionMatches(true, 0, name + ":", 0, name.length() + 1))
          .map(line -> line.substring(name.length() + 1).strip())
          .findFirst()
          .orElseThrow(() -> new AssertionError("no " + name + " in " + head));
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }
}
