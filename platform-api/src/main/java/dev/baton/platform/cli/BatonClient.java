package dev.baton.platform.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The two APIs as the terminal needs them. */
final class BatonClient implements AutoCloseable {
  private static final Duration KEY_LIFE = Duration.ofHours(1);

  private final JsonMapper json = JsonMapper.shared();
  private final HttpClient http =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
  private final URI url;

  BatonClient(URI url) {
    this.url = URI.create(url.toString().replaceAll("/+$", ""));
  }

  /** One message of the conversation. */
  record Turn(String role, String content) {}

  /** An answer other than success, in the server's words. */
  static final class Refused extends IOException {
    private static final long serialVersionUID = 1;
    private final int status;

    Refused(int status, String message) {
      super(message);
      this.status = status;
    }

    /** Whether going on with this key makes no sense. */
    boolean isFinal() {
      return status == 401 || status == 403;
    }
  }

  /** From BATON_ADMIN_TOKEN, else the file that {@code baton serve} has written. */
  static String adminToken(Path data) throws IOException {
    String given = System.getenv("BATON_ADMIN_TOKEN");
    if (given != null && !given.isBlank()) {
      return given.strip();
    }
    Path file = data.resolve("admin-token");
    try {
      return Files.readString(file).strip();
    } catch (NoSuchFileException e) {
      throw new IOException(
          "found no admin token at %s. Start ./baton serve first, name its directory with --data, or use --key."
              .formatted(file),
          e);
    }
  }

  /** Issues a key that expires by itself. */
  String issueKey(String tenantName, String adminToken) throws IOException, InterruptedException {
    String tenantId = tenantId(tenantName, adminToken);
    String body =
        json.writeValueAsString(
            Map.of("name", "baton chat", "expiresAt", Instant.now().plus(KEY_LIFE).toString()));
    JsonNode key = call("/admin/v1/tenants/" + encode(tenantId) + "/keys", adminToken, body);
    return key.path("secret").asString();
  }

  private String tenantId(String name, String adminToken) throws IOException, InterruptedException {
    Set<String> names = new TreeSet<>();
    String cursor = "";
    while (true) {
      JsonNode page = call("/admin/v1/tenants?limit=100" + cursor, adminToken, null);
      for (JsonNode tenant : page.path("items")) {
        String id = tenant.path("id").asString();
        if (tenant.path("name").asString().equalsIgnoreCase(name) || id.equals(name)) {
          return id;
        }
        names.add(tenant.path("name").asString());
      }
      String next = page.path("nextCursor").asString("");
      if (next.isEmpty()) {
        throw new IOException(
            "there is no tenant '%s'. There are: %s."
                .formatted(name, names.isEmpty() ? "none" : String.join(", ", names)));
      }
      cursor = "&cursor=" + encode(next);
    }
  }

  /**
   * Streams an answer.
   *
   * @param show receives its pieces
   * @return the whole of it
   */
  String answer(
      String key, List<Turn> turns, int maxTokens, double temperature, Consumer<String> show)
      throws IOException, InterruptedException {
    String body =
        json.writeValueAsString(
            Map.of(
                "model", "default",
                "stream", true,
                "max_completion_tokens", maxTokens,
                "temperature", temperature,
                "messages", turns));
    StringBuilder answer = new StringBuilder();
    HttpResponse<InputStream> response = send("/v1/chat/completions", key, body);
    try (BufferedReader lines =
        new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (!line.startsWith("data:")) {
          continue;
        }
        String data = line.substring("data:".length()).strip();
        if (data.equals("[DONE]")) {
          return answer.toString();
        }
        JsonNode chunk = json.readTree(data);
        if (chunk.has("error")) {
          throw new Refused(200, chunk.path("error").path("message").asString("the answer failed"));
        }
        String text = chunk.path("choices").path(0).path("delta").path("content").asString("");
        answer.append(text);
        show.accept(text);
      }
    }
    throw new IOException("the server ended the answer in the middle.");
  }

  private JsonNode call(String path, String token, @Nullable String body)
      throws IOException, InterruptedException {
    try (InputStream content = send(path, token, body).body()) {
      return json.readTree(content);
    }
  }

  private HttpResponse<InputStream> send(String path, String token, @Nullable String body)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(url + path)).header("Authorization", "Bearer " + token);
    if (body != null) {
      request
          .header("Content-Type", "application/json")
          .POST(HttpRequest.BodyPublishers.ofString(body));
    }
    HttpResponse<InputStream> response;
    try {
      response = http.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
    } catch (ConnectException e) {
      throw new IOException(
          "nothing answers at %s. Start ./baton serve, or give its address with --url."
              .formatted(url),
          e);
    }
    if (response.statusCode() >= 300) {
      throw refused(response);
    }
    return response;
  }

  /** The tenant API speaks OpenAI's error shape, the admin API problem details. */
  private Refused refused(HttpResponse<InputStream> response) throws IOException {
    String message = "the server answered " + response.statusCode() + ".";
    try (InputStream content = response.body()) {
      JsonNode body = json.readTree(content);
      message = body.path("error").path("message").asString(body.path("detail").asString(message));
    } catch (JacksonException e) {
      // Not JSON: the status has to do.
    }
    return new Refused(response.statusCode(), message);
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    http.close();
  }
}
