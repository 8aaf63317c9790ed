package dev.baton.platform;

import static dev.baton.platform.PlatformUnderTest.chat;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.admin.tenant.Tenant;
import dev.baton.platform.serve.TestRedis;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Nonsense over raw sockets, with and without valid credentials. The seed is printed with what
 * fails; {@code -Dbaton.test.fuzz.seed=N} repeats it, {@code …requests=N} goes on for longer.
 */
@Timeout(180)
class HttpFuzzIT {
  private static final long SEED = Long.getLong("baton.test.fuzz.seed", 20261121);
  private static final int REQUESTS = Integer.getInteger("baton.test.fuzz.requests", 1500);
  private static final int ANSWER_MILLIS = 20_000;
  private static final int LONGEST_ANSWER = 1 << 20;
  private static final Pattern DEFECT =
      Pattern.compile(
          "\\bat [a-z]+\\.[a-z.]+\\(|Exception|java\\.lang|org\\.springframework|\"trace\"");

  private static final List<String> METHODS =
      List.of("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "BREW", "get");
  private static final List<String> SEGMENTS =
      List.of(
          "v1",
          "admin",
          "console",
          "actuator",
          "health",
          "prometheus",
          "v3",
          "api-docs",
          "docs",
          "models",
          "chat",
          "completions",
          "tenants",
          "keys",
          "prompts",
          "drafts",
          "labels",
          "limits",
          "usage",
          "audit",
          "engine",
          "residency",
          "activate",
          "preview",
          "warm",
          "state",
          "prices",
          "activations",
          "me",
          "requests",
          "export",
          "..",
          ".",
          "%2e%2e",
          "%00",
          "%ff",
          "%2f",
          "é",
          "\u202e",
          "a;b=c",
          "{x}",
          "*",
          "~",
          "",
          "%",
          "%zz",
          "-1",
          "99999999999999999999");
  private static final List<String> VALUES =
      List.of(
          "null",
          "true",
          "-1",
          "0",
          "1e999",
          "-0.0",
          "99999999999999999999",
          "\"\"",
          "\"x\"",
          "[]",
          "{}",
          "[null]",
          "[[[[[]]]]]",
          "\"\\u0000\"",
          "\"\\ud800\"",
          "\"\\u202e\"",
          "\"\\r\\nX: y\"",
          "{\"a\":{\"b\":[1,2,{}]}}",
          "NaN",
          "'x'",
          "1.5",
          "\"😀\"",
          "[\"a\",1,null]");
  private static final List<String> FIELDS =
      List.of(
          "model",
          "messages",
          "role",
          "content",
          "stream",
          "max_tokens",
          "temperature",
          "top_p",
          "stop",
          "seed",
          "n",
          "logprobs",
          "top_logprobs",
          "logit_bias",
          "stream_options",
          "tools",
          "response_format",
          "user",
          "metadata",
          "name",
          "text",
          "message",
          "scopes",
          "expiresAt",
          "requestsPerMinute",
          "tokensPerDay",
          "versionId",
          "graceSeconds",
          "currency");
  private static final List<String> HEADERS =
      List.of(
          "Accept: text/event-stream",
          "Accept: */*;q=x",
          "Accept: \u0001",
          "Content-Type: text/plain",
          "Content-Type: application/json;charset=nonsense",
          "Content-Type: ;",
          "If-Match: *",
          "If-Match: \"",
          "If-Match: W/\"x\"",
          "Idempotency-Key: ",
          "Idempotency-Key: " + "k".repeat(900),
          "Baton-Prompt-Version: ../../x",
          "Baton-Prompt-Version: \u00e9",
          "Host: evil.example",
          "Host:",
          "X-Forwarded-For: 1.2.3.4",
          "X-Forwarded-Proto: gopher",
          "Expect: 100-continue",
          "Transfer-Encoding: chunked",
          "Transfer-Encoding: gzip",
          "Content-Length: -1",
          "Range: bytes=9-1",
          "Cookie: a=b; =; ;;",
          "Upgrade: h2c",
          "Connection: upgrade",
          "traceparent: 00-xx-yy-01",
          "Origin: null",
          "Content-Encoding: gzip",
          "no colon here");

  private final RandomGenerator random =
      RandomGeneratorFactory.of("Xoshiro256PlusPlus").create(SEED);
  private final List<String> credentials = new ArrayList<>();
  private String tenantId = "";

  @Test
  void neverAnswersADefectAndServesAfterwards() throws Exception {
    try (ScenarioEngine engine = new ScenarioEngine();
        TestRedis redis = TestRedis.start();
        PlatformUnderTest platform =
            PlatformUnderTest.start(engine, redis, Map.of("logging.level.root", "error"))) {
      Tenant tenant = platform.createTenant("Fuzz");
      String key = platform.issueKey(tenant).secret();
      tenantId = tenant.id();
      credentials.addAll(
          List.of(
              key,
              PlatformUnderTest.ADMIN_TOKEN,
              "bt_a_b_c",
              "",
              "\u00e9\u0001",
              "x".repeat(3000)));
      List<String> defects = new ArrayList<>();
      for (int i = 0; i < REQUESTS; i++) {
        byte[] request = request();
        String answer = exchange(platform.url().getPort(), request);
        if (isDefect(answer)) {
          defects.add(
              "seed %d request %d%n%s%n=> %s"
                  .formatted(
                      SEED, i, shown(new String(request, StandardCharsets.UTF_8)), shown(answer)));
        }
      }
      assertThat(defects).isEmpty();
      // A fuzzed admin call may have suspended or limited the first tenant: that is its right.
      String fresh = platform.issueKey(platform.createTenant("After the fuzz")).secret();
      assertThat(platform.post(fresh, chat("")).statusCode()).isEqualTo(200);
    }
  }

  /** Overload and a store that is away are declared; closing the connection on bad HTTP is fine. */
  private static boolean isDefect(String answer) {
    if (answer.isEmpty()) {
      return false;
    }
    int status = Integer.parseInt(answer.substring(9, 12));
    return (status >= 500 && status != 501 && status != 503)
        || DEFECT.matcher(answer).find()
        || answer.startsWith("HTTP/1.1 000");
  }

  private byte[] request() {
    StringBuilder head = new StringBuilder();
    byte[] body = random.nextInt(3) == 0 ? new byte[0] : body();
    head.append(one(METHODS)).append(' ').append(path()).append(" HTTP/1.1\r\n");
    head.append("Host: localhost\r\nConnection: close\r\n");
    if (random.nextInt(10) > 0) {
      head.append("Authorization: Bearer ").append(credential()).append("\r\n");
    }
    if (random.nextInt(10) > 1) {
      head.append("Content-Type: application/json\r\n");
    }
    for (int i = random.nextInt(3); i > 0; i--) {
      head.append(one(HEADERS)).append("\r\n");
    }
    if (body.length > 0 && random.nextInt(20) > 0) {
      head.append("Content-Length: ").append(body.length).append("\r\n");
    }
    head.append("\r\n");
    ByteArrayOutputStream request = new ByteArrayOutputStream();
    request.writeBytes(head.toString().getBytes(StandardCharsets.UTF_8));
    request.writeBytes(body);
    return request.toByteArray();
  }

  private String credential() {
    return random.nextInt(4) > 0 ? credentials.get(random.nextInt(2)) : one(credentials);
  }

  private String path() {
    String query = random.nextInt(4) == 0 ? "?limit=" + one(VALUES).replace(' ', '+') : "";
    return switch (random.nextInt(6)) {
      case 0 -> "/v1/chat/completions" + query;
      case 1 -> "/admin/v1/tenants" + query;
      case 2 -> "/admin/v1/tenants/" + tenantId + "/" + one(SEGMENTS) + query;
      case 3 -> "/" + one(SEGMENTS) + "/" + one(SEGMENTS) + "?" + one(FIELDS) + "=" + one(SEGMENTS);
      case 4 -> "/admin/v1/" + one(SEGMENTS) + "/" + one(SEGMENTS) + query;
      default -> {
        StringBuilder path = new StringBuilder();
        for (int i = random.nextInt(6); i >= 0; i--) {
          path.append('/').append(one(SEGMENTS));
        }
        yield path.toString();
      }
    };
  }

  private byte[] body() {
    return switch (random.nextInt(7)) {
      case 0 -> noise();
      case 1 -> cut(valid().getBytes(StandardCharsets.UTF_8));
      case 2 -> "[".repeat(1 + random.nextInt(5000)).getBytes(StandardCharsets.UTF_8);
      case 3 -> ("\"" + "y".repeat(random.nextInt(70_000)) + "\"").getBytes(StandardCharsets.UTF_8);
      default -> valid().getBytes(StandardCharsets.UTF_8);
    };
  }

  /** Well-formed, with fields this API knows, whose values make sense only by chance. */
  private String valid() {
    StringBuilder body = new StringBuilder("{\"model\":\"default\"");
    if (random.nextBoolean()) {
      body.append(",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]");
    }
    for (int i = random.nextInt(4); i > 0; i--) {
      body.append(",\"").append(one(FIELDS)).append("\":").append(one(VALUES));
    }
    return body.append('}').toString();
  }

  private byte[] noise() {
    byte[] bytes = new byte[1 + random.nextInt(300)];
    random.nextBytes(bytes);
    return bytes;
  }

  private byte[] cut(byte[] whole) {
    return Arrays.copyOf(whole, random.nextInt(whole.length));
  }

  private String one(List<String> choices) {
    return choices.get(random.nextInt(choices.size()));
  }

  /** What came back; {@code HTTP/1.1 000} when nothing came in time. */
  private static String exchange(int port, byte[] request) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout(ANSWER_MILLIS);
      OutputStream out = socket.getOutputStream();
      try {
        out.write(request);
        socket.shutdownOutput();
      } catch (IOException e) {
        return ""; // refused before it was read
      }
      InputStream in = socket.getInputStream();
      try {
        return new String(in.readNBytes(LONGEST_ANSWER), StandardCharsets.UTF_8);
      } catch (SocketTimeoutException e) {
        return "HTTP/1.1 000 no answer";
      } catch (IOException e) {
        return "";
      }
    }
  }

  private static String shown(String text) {
    return text.length() > 600 ? text.substring(0, 600) + "…" : text;
  }
}
