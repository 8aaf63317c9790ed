package dev.baton.platform;

import dev.baton.admin.apikey.ApiKeys;
import dev.baton.admin.apikey.IssuedKey;
import dev.baton.admin.audit.Actor;
import dev.baton.admin.systemprompt.Activations;
import dev.baton.admin.systemprompt.SystemPrompts;
import dev.baton.admin.tenant.Tenant;
import dev.baton.admin.tenant.Tenants;
import dev.baton.engine.Engine;
import dev.baton.engine.EngineStatistics;
import dev.baton.engine.SystemKvStatus;
import dev.baton.platform.serve.Platform;
import dev.baton.platform.serve.TestRedis;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.util.FileSystemUtils;
import tools.jackson.databind.json.JsonMapper;

/** The whole platform on a free port, around a given engine and Redis. */
public final class PlatformUnderTest implements AutoCloseable {
  public static final String ADMIN_TOKEN = "admin-token-of-the-tests-0123456789abcdef";
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private final ConfigurableApplicationContext context;
  private final HttpClient http = HttpClient.newHttpClient();
  private final Path directory;

  private PlatformUnderTest(ConfigurableApplicationContext context, Path directory) {
    this.context = context;
    this.directory = directory;
  }

  /** As {@code baton serve} does with a Redis of its own. */
  public static PlatformUnderTest start(
      Engine engine, TestRedis redis, Map<String, Object> properties) {
    Map<String, Object> all = new HashMap<>(properties);
    all.putAll(redis.settings());
    return start(engine, redis.url(), all);
  }

  public static PlatformUnderTest start(
      Engine engine, String redisUrl, Map<String, Object> properties) {
    Map<String, Object> all = new HashMap<>(properties);
    all.putIfAbsent("server.address", "127.0.0.1");
    all.putIfAbsent("server.port", 0);
    all.put("spring.data.redis.url", redisUrl);
    all.put("baton.admin.token", ADMIN_TOKEN);
    all.putIfAbsent("logging.level.dev.baton", "warn");
    Path directory = temporaryDirectory();
    all.putIfAbsent("baton.quota.spool-directory", directory);
    return new PlatformUnderTest(Platform.start(engine, all), directory);
  }

  private static Path temporaryDirectory() {
    try {
      return Files.createTempDirectory("baton-test-spool");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void delete(Path directory) {
    try {
      FileSystemUtils.deleteRecursively(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public URI url() {
    return URI.create("http://127.0.0.1:" + Platform.port(context));
  }

  public <T> T bean(Class<T> type) {
    return context.getBean(type);
  }

  public Tenant createTenant(String name) {
    return Objects.requireNonNull(bean(Tenants.class).create(Actor.ADMIN, name).block(LIMIT));
  }

  public IssuedKey issueKey(Tenant tenant) {
    return Objects.requireNonNull(
        bean(ApiKeys.class).issue(Actor.ADMIN, tenant.id(), "test", null).block(LIMIT));
  }

  public void revoke(Tenant tenant, String keyId) throws IOException, InterruptedException {
    admin("DELETE", "/admin/v1/tenants/" + tenant.id() + "/keys/" + keyId);
  }

  /** A call of the admin API that must succeed. */
  public String admin(String method, String path) throws IOException, InterruptedException {
    HttpResponse<String> response =
        send(
            request(path, ADMIN_TOKEN)
                .header("If-Match", "*")
                .method(method, HttpRequest.BodyPublishers.noBody())
                .build());
    if (response.statusCode() >= 300) {
      throw new AssertionError(method + " " + path + ": " + response.statusCode());
    }
    return response.body();
  }

  /** A chat body around the given fields, such as {@code ,"stream":true}. */
  public static String chat(String fields) {
    return """
    {"model":"default","messages":[{"role":"user","content":"Hi"}]%s}\
    """
        .formatted(fields);
  }

  public HttpRequest.Builder request(String path, String key) {
    return HttpRequest.newBuilder(url().resolve(path))
        .timeout(LIMIT)
        .header("Authorization", "Bearer " + key);
  }

  public HttpRequest chatRequest(String key, String body) {
    return request("/v1/chat/completions", key)
        .header("Content-Type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofString(body))
        .build();
  }

  public HttpResponse<String> send(HttpRequest request) throws IOException, InterruptedException {
    return http.send(request, BodyHandlers.ofString());
  }

  public HttpResponse<String> post(String key, String body)
      throws IOException, InterruptedException {
    return send(chatRequest(key, body));
  }

  public CompletableFuture<HttpResponse<String>> sendAsync(String key, String body) {
    return http.sendAsync(chatRequest(key, body), BodyHandlers.ofString());
  }

  /** The status has come, the lines come while the stream goes on. */
  public HttpResponse<Stream<String>> open(String key, String body)
      throws IOException, InterruptedException {
    return http.send(chatRequest(key, body), BodyHandlers.ofLines());
  }

  /** Opens a stream and has the engine begin it, which sends the status. */
  public HttpResponse<Stream<String>> open(String key, ScriptedEngine engine, String body)
      throws Exception {
    CompletableFuture<HttpResponse<Stream<String>>> response =
        http.sendAsync(chatRequest(key, body), BodyHandlers.ofLines());
    engine.nextRequest().begin();
    return response.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
  }

  /** Registers a prompt and waits until it is active. */
  public void activate(Tenant tenant, String text) {
    String version =
        Objects.requireNonNull(
                bean(SystemPrompts.class)
                    .register(Actor.ADMIN, tenant.id(), text, null, null)
                    .block(LIMIT))
            .id();
    bean(Activations.class).start(Actor.ADMIN, tenant.id(), version).block(LIMIT);
    await(() -> version.equals(activeVersion(tenant)));
  }

  private String activeVersion(Tenant tenant) {
    try {
      return JsonMapper.shared()
          .readTree(admin("GET", "/admin/v1/tenants/" + tenant.id()))
          .path("activeVersionId")
          .asString("");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** Requests that found the tenant's system KV. */
  public long hits(Engine engine, Tenant tenant) {
    return engine.systemKvs().stream()
        .filter(status -> status.key().tenantId().equals(tenant.id()))
        .mapToLong(SystemKvStatus::hits)
        .sum();
  }

  /** The engine's statistics once nothing runs or waits. */
  public static EngineStatistics idle(Engine engine) {
    await(() ->
        engine.statistics().runningSequences() == 0 && engine.statistics().waitingRequests() == 0);
    return engine.statistics();
  }

  private static void await(BooleanSupplier condition) {
    long end = System.nanoTime() + LIMIT.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("not within " + LIMIT);
      }
      LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
    }
  }

  public HttpClient http() {
    return http;
  }

  /** As SIGTERM does: drains, then stops. What has come may still be read. */
  public void stop() {
    context.close();
  }

  @Override
  public void close() {
    stop();
    http.shutdownNow();
    delete(directory);
  }
}
