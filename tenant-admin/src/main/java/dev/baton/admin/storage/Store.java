package dev.baton.admin.storage;

import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.springframework.dao.DataAccessException;
import org.springframework.data.redis.connection.ReactiveRedisConnection;
import org.springframework.data.redis.core.ReactiveStringRedisTemplate;
import org.springframework.data.redis.core.ScanOptions;
import org.springframework.data.redis.core.script.RedisScript;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * Redis, with time limits, and with writes that count only when they are on disk.
 *
 * <p>Redis answers a write after its AOF was synced exactly when {@code appendonly yes} and {@code
 * appendfsync always} are set and rewrites do not suspend syncing. That is asked before each write:
 * writes of admins are rare, and a setting can change under way.
 */
@Component
public final class Store {
  private static final String REMEDY =
      " Start Redis with 'appendonly yes', 'appendfsync always' and 'no-appendfsync-on-rewrite no',"
          + " or accept that acknowledged changes can be lost with"
          + " baton.storage.require-durable=false.";

  private static final int KEYS_PER_SCAN = 1000;

  private final ReactiveStringRedisTemplate redis;
  private final NearRedis near;
  private final StorageSettings settings;

  Store(ReactiveStringRedisTemplate redis, NearRedis near, StorageSettings settings) {
    this.redis = redis;
    this.near = near;
    this.settings = settings;
  }

  /** Runs commands that change nothing that must be kept. */
  public <T> Mono<T> read(Function<ReactiveStringRedisTemplate, Mono<T>> commands) {
    return limited(Mono.defer(() -> commands.apply(redis)), settings.readTimeout());
  }

  /** A hash's fields and values; empty where there is no such key. */
  public Mono<Map<String, String>> hash(String key) {
    return read(redis ->
        redis
            .<String, String>opsForHash()
            .entries(key)
            .collectMap(Map.Entry::getKey, Map.Entry::getValue));
  }

  /** One field of a hash; empty where it is not there. */
  public Mono<String> field(String key, String field) {
    return read(redis -> redis.<String, String>opsForHash().get(key, field));
  }

  /**
   * Names of keys with this beginning, some perhaps twice. It walks the whole store: for rare jobs.
   */
  public Flux<String> keysWith(String beginning) {
    ScanOptions options =
        ScanOptions.scanOptions().match(beginning + "*").count(KEYS_PER_SCAN).build();
    return Flux.defer(() -> redis.scan(options))
        .subscribeOn(Schedulers.boundedElastic())
        .onErrorMap(Store::isOutage, Store::unavailable);
  }

  /** Runs a script that only reads; it returns an array of strings. */
  public Mono<List<String>> read(
      RedisScript<List<String>> script, List<String> keys, String... args) {
    return read(template -> template.execute(script, keys, List.of(args)).next());
  }

  /**
   * Runs a script that writes, and completes when Redis has it on disk. After a failure it is open
   * whether the write happened.
   */
  public Mono<List<String>> write(
      RedisScript<List<String>> script, List<String> keys, List<String> args) {
    return requireDurable()
        .then(
            limited(
                Mono.defer(() -> redis.execute(script, keys, args).next()),
                settings.writeTimeout()));
  }

  /**
   * Runs a script in the way of a tenant's request: it writes what a request leaves behind, within
   * the limit of a read. After a failure it is open whether the write happened. On an event loop it
   * is asked and answered there; on a thread that may block it is asked there.
   */
  public Mono<List<String>> account(
      RedisScript<List<String>> script, List<String> keys, List<String> args) {
    return Mono.defer(() ->
        near.here()
            .map(line ->
                line.run(script, keys, args, settings.readTimeout())
                    .onErrorMap(Store::isOutage, Store::unavailable))
            .orElseGet(() -> {
              Mono<List<String>> commands =
                  Mono.defer(() -> redis.execute(script, keys, args).next());
              return Schedulers.isInNonBlockingThread()
                  ? limited(commands, settings.readTimeout())
                  : within(commands, settings.readTimeout());
            }));
  }

  private Mono<Void> requireDurable() {
    if (!settings.requireDurable()) {
      return Mono.empty();
    }
    return limited(
            Flux.usingWhen(
                    Mono.fromSupplier(() -> redis.getConnectionFactory().getReactiveConnection()),
                    connection -> connection.serverCommands().getConfig("*append*"),
                    ReactiveRedisConnection::closeLater)
                .next(),
            settings.readTimeout())
        .onErrorMap(
            error -> !(error instanceof StoreUnavailableException),
            error ->
                new StoreUnavailableException(
                    "Redis does not tell whether it keeps writes on disk (CONFIG GET failed)."
                        + REMEDY,
                    error))
        .flatMap(configuration ->
            durable(configuration)
                ? Mono.<Void>empty()
                : Mono.error(
                    new StoreUnavailableException(
                        "Redis would acknowledge writes before they are on disk." + REMEDY, null)));
  }

  private static boolean durable(Properties configuration) {
    return "yes".equals(configuration.getProperty("appendonly"))
        && "always".equals(configuration.getProperty("appendfsync"))
        && "no".equals(configuration.getProperty("no-appendfsync-on-rewrite"));
  }

  /**
   * On a thread that may block: the client's first command, and the first after Redis was away from
   * the start, connects before it returns, which would hold an event loop and all its requests.
   */
  private static <T> Mono<T> limited(Mono<T> commands, Duration limit) {
    return within(commands.subscribeOn(Schedulers.boundedElastic()), limit);
  }

  private static <T> Mono<T> within(Mono<T> commands, Duration limit) {
    return commands.timeout(limit).onErrorMap(Store::isOutage, Store::unavailable);
  }

  /**
   * A refused script is a defect and stays what it is, unless Redis refuses because of its state.
   */
  private static boolean isOutage(Throwable error) {
    for (Throwable cause = error; cause != null; cause = cause.getCause()) {
      if (cause instanceof RedisCommandExecutionException refused) {
        return isStateOfRedis(String.valueOf(refused.getMessage()));
      }
    }
    return error instanceof DataAccessException
        || error instanceof RedisException
        || error instanceof IOException // a connection that was reset under a command
        || error instanceof TimeoutException;
  }

  private static boolean isStateOfRedis(String refusal) {
    return List.of(
            "LOADING",
            "READONLY",
            "MISCONF",
            "OOM",
            "BUSY",
            "MASTERDOWN",
            "CLUSTERDOWN",
            "NOAUTH",
            "WRONGPASS",
            "NOREPLICAS",
            "TRYAGAIN")
        .stream()
        .anyMatch(refusal::startsWith);
  }

  private static StoreUnavailableException unavailable(Throwable error) {
    return error instanceof StoreUnavailableException known
        ? known
        : new StoreUnavailableException("Redis does not answer.", error);
  }
}
