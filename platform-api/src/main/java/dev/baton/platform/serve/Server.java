package dev.baton.platform.serve;

import dev.baton.engine.Engine;
import dev.baton.engine.EngineException;
import dev.baton.engine.backend.cpu.VectorModule;
import dev.baton.engine.runtime.EngineSettings;
import dev.baton.engine.runtime.LocalEngine;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.web.server.PortInUseException;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.dao.DataAccessException;
import reactor.core.Disposable;

/**
 * {@code baton serve}: opens the data directory, then the engine and Redis beside the platform's
 * beans; on the way out the reverse. Whatever keeps it from starting is one line.
 */
public final class Server implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Server.class);
  private static final int DEFAULT_REDIS_PORT = 6379;
  private static final int REDIS_PROBE_MILLIS = 3000;

  /** The common pool has a single worker on two processors: the second part would wait for it. */
  private static final Executor BESIDE =
      task -> Thread.ofPlatform().daemon().name("start").start(task);

  private final ServeOptions options;
  private final Closeables parts = new Closeables();

  /** Done when the own Redis, which outlives this process, is among the parts or stopped again. */
  private volatile CompletableFuture<Void> storing = CompletableFuture.completedFuture(null);

  private int port;
  private DemoTenants.Keys keys = new DemoTenants.Keys(Map.of(), null);

  public Server(ServeOptions options) {
    this.options = options;
  }

  /**
   * Starts everything and says where it is.
   *
   * @throws StartFailure when it can not; close this then
   */
  public void start(PrintStream out) {
    requireVectorModule();
    DataDirectory data = parts.add(DataDirectory.open(options.data()));
    requireFreePort();
    requireRedis(options.redisUrl());
    DefaultModel model = DefaultModel.choose(options.model(), data);
    CompletableFuture<Engine> opening =
        CompletableFuture.supplyAsync(() -> parts.add(openEngine(model)), BESIDE);
    Optional<OwnRedis> ownRedis =
        options.redisUrl() == null ? Optional.of(OwnRedis.plan(data)) : Optional.empty();
    String redisUrl =
        ownRedis.map(OwnRedis::url).orElseGet(() -> Objects.requireNonNull(options.redisUrl()));
    storing =
        CompletableFuture.runAsync(
            () -> ownRedis.ifPresent(redis -> parts.add(started(redis, data))), BESIDE);
    storing.thenRunAsync(() -> FirstConnection.to(redisUrl), BESIDE);
    AdminToken token = AdminToken.choose(data);
    Map<String, Object> properties = new TreeMap<>();
    properties.put("server.address", options.host());
    properties.put("server.port", options.port());
    properties.put("spring.data.redis.url", redisUrl);
    ownRedis.ifPresent(redis -> properties.putAll(redis.settings()));
    properties.put("baton.admin.token", token.value());
    properties.put("baton.quota.spool-directory", data.privateDirectory("spool"));
    Supplier<Engine> engineOverStore =
        () -> {
          await("Redis", storing);
          return await("the engine", opening);
        };
    ConfigurableApplicationContext context = startPlatform(engineOverStore, properties);
    parts.add(context::close);
    Engine engine = await("the engine", opening);
    port = Platform.port(context);
    if (options.demoTenants()) {
      keys = demoTenants(context, data);
    }
    long upMillis = ManagementFactory.getRuntimeMXBean().getUptime();
    new Banner(options.host(), port, Platform.adminPort(context), engine.model(), model, upMillis)
        .print(out, token, keys, ownRedis);
    if (keys.byTenant().isEmpty()) {
      Disposable warming =
          context.getBean(Rewarming.class).run().subscribe(count -> {}, Server::notWarmed);
      parts.add(warming::dispose);
    }
  }

  /** Where a started server listens. */
  public int port() {
    return port;
  }

  /**
   * Answers a look at readiness and the demo tenants' first chats: what first requests load is then
   * in the record that a build makes of a start.
   *
   * @throws IOException when one is not answered
   */
  public void rehearse() throws IOException {
    Rehearsal rehearsal = new Rehearsal(port);
    rehearsal.readiness();
    for (String key : keys.byTenant().values()) {
      rehearsal.chat(key);
    }
  }

  private static void requireVectorModule() {
    try {
      VectorModule.require();
    } catch (EngineException e) {
      throw new StartFailure(String.valueOf(e.getMessage()), e);
    }
  }

  private void requireFreePort() {
    try (ServerSocket probe = new ServerSocket()) {
      probe.setReuseAddress(true);
      probe.bind(new InetSocketAddress(InetAddress.getByName(options.host()), options.port()));
    } catch (IOException e) {
      throw portInUse(e);
    }
  }

  /** An external Redis that does not answer is said before anything is started for nothing. */
  private static void requireRedis(@Nullable String url) {
    if (url == null) {
      return;
    }
    try (Socket probe = new Socket()) {
      URI address = URI.create(url);
      if (address.getHost() == null || !List.of("redis", "rediss").contains(address.getScheme())) {
        throw new StartFailure(
            "--redis must be redis://[:PASSWORD@]HOST:PORT, or rediss:// for TLS.");
      }
      int port = address.getPort() < 0 ? DEFAULT_REDIS_PORT : address.getPort();
      probe.connect(new InetSocketAddress(address.getHost(), port), REDIS_PROBE_MILLIS);
    } catch (IllegalArgumentException e) {
      throw new StartFailure("--redis is no address; give redis://[:PASSWORD@]HOST:PORT.", e);
    } catch (IOException e) {
      throw new StartFailure(
          "the Redis given with --redis does not answer (%s). Start it, or leave --redis out for an own one."
              .formatted(e.getMessage()),
          e);
    }
  }

  private StartFailure portInUse(Exception cause) {
    return new StartFailure(
        ("can not listen on %s port %d (%s). Stop what listens there, or choose another with"
                + " --port N and --host ADDRESS.")
            .formatted(options.host(), options.port(), cause.getMessage()),
        cause);
  }

  private Engine openEngine(DefaultModel model) {
    EngineSettings settings = EngineSettings.defaults(model.file()).withDevice(options.device());
    settings =
        settings.withBatch(
            settings
                .batch()
                .withRelay(options.relay())
                .withDecodeLatencyTarget(options.decodeLatencyTarget()));
    if (options.kvMemoryBytes() != null) {
      settings = settings.withMemory(settings.memory().withKvBytes(options.kvMemoryBytes()));
    }
    if (options.threads() != null) {
      settings = settings.withThreads(options.threads());
    }
    try {
      return LocalEngine.open(settings);
    } catch (EngineException e) {
      throw new StartFailure(String.valueOf(e.getMessage()), e);
    }
  }

  private static OwnRedis started(OwnRedis redis, DataDirectory data) {
    redis.start(RedisBinary.find(data.resolve("redis/bin")));
    return redis;
  }

  private static <T> T await(String part, CompletableFuture<T> starting) {
    try {
      return starting.join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof StartFailure failure
          ? failure
          : new StartFailure(part + " did not start: " + e.getCause(), e);
    }
  }

  private ConfigurableApplicationContext startPlatform(
      Supplier<Engine> engine, Map<String, Object> properties) {
    try {
      return Platform.start(engine, properties);
    } catch (StartFailure e) {
      throw e;
    } catch (PortInUseException e) {
      throw portInUse(e);
    } catch (RuntimeException e) {
      Throwable root = NestedExceptionUtils.getMostSpecificCause(e);
      throw new StartFailure("the platform did not start: " + root.getMessage(), e);
    }
  }

  /** Prompts that are not warm are filled by their first request. */
  private static void notWarmed(Throwable error) {
    log.warn("active prompts are not warmed: {}", error.getMessage());
  }

  private static DemoTenants.Keys demoTenants(
      ConfigurableApplicationContext context, DataDirectory data) {
    try {
      return context.getBean(DemoTenants.class).createInEmptyStore(data);
    } catch (DataAccessException e) {
      throw new StartFailure(
          "the store can not be used: %s. Check the Redis given with --redis."
              .formatted(NestedExceptionUtils.getMostSpecificCause(e).getMessage()),
          e);
    }
  }

  /** Drains, then stops the engine and Redis, also one that is still starting. */
  @Override
  public void close() {
    parts.close();
    storing.handle((done, failed) -> done).join();
  }
}
