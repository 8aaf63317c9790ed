package dev.baton.admin.storage;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.RedisNoScriptException;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.api.async.RedisScriptingAsyncCommands;
import io.lettuce.core.event.DefaultEventBus;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.DefaultClientResources;
import io.lettuce.core.resource.EpollProvider;
import io.lettuce.core.resource.SocketAddressResolver;
import io.netty.channel.EventLoop;
import io.netty.resolver.NoopAddressResolverGroup;
import io.netty.util.concurrent.EventExecutor;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.data.redis.autoconfigure.DataRedisConnectionDetails;
import org.springframework.context.SmartLifecycle;
import org.springframework.data.redis.connection.RedisConfiguration;
import org.springframework.data.redis.connection.RedisSocketConfiguration;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceClientConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.data.redis.core.script.RedisScript;
import org.springframework.http.client.ReactorResourceFactory;
import org.springframework.stereotype.Component;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.netty.resources.LoopResources;
import reactor.util.retry.Retry;

/**
 * A connection to Redis for each event loop that serves HTTP, held by that very loop: what a
 * request asks there is answered there, without a change of threads on the way or back.
 *
 * <p>Implementation note: a client for each loop, whose only thread is that loop, so that it comes
 * back to it after an outage too. Nothing of it may block the loop: the first connect waits on
 * another thread, and names are resolved on the client's threads, never by the connecting loop.
 */
@Component
final class NearRedis implements SmartLifecycle {
  private static final Logger log = LoggerFactory.getLogger(NearRedis.class);
  private static final Duration FIRST_DELAY = Duration.ofMillis(250);
  private static final Duration LONGEST_DELAY = Duration.ofSeconds(10);

  private final LettuceConnectionFactory shared;
  private final DataRedisConnectionDetails details;
  private final ClientResources resources;
  private final ReactorResourceFactory http;
  private final StorageSettings settings;
  private final List<Client> clients = new ArrayList<>();
  private final Map<Thread, Line> lines = new ConcurrentHashMap<>();
  private final Disposable.Swap connecting = Disposables.swap();
  private volatile boolean running;

  private record Client(LettuceConnectionFactory factory, ClientResources own) {
    void close() {
      factory.destroy();
      own.shutdown();
    }
  }

  NearRedis(
      LettuceConnectionFactory shared,
      DataRedisConnectionDetails details,
      ClientResources resources,
      ReactorResourceFactory http,
      StorageSettings settings) {
    this.shared = shared;
    this.details = details;
    this.resources = resources;
    this.http = http;
    this.settings = settings;
  }

  /** The connection of the calling thread; empty on other threads and until it is connected. */
  Optional<Line> here() {
    return Optional.ofNullable(lines.get(Thread.currentThread()));
  }

  @Override
  public void start() {
    running = true;
    if (details.getMasterReplica() != null) {
      return; // Spring does not tell the configuration of such a client
    }
    Disposable.Composite attempts = Disposables.composite();
    connecting.update(attempts);
    RedisConfiguration configuration = configuration();
    for (EventExecutor executor : http.getLoopResources().onServer(LoopResources.DEFAULT_NATIVE)) {
      EventLoop loop = (EventLoop) executor;
      ClientResources own = onLoop(loop);
      LettuceConnectionFactory client =
          new LettuceConnectionFactory(configuration, likeTheShared(own, configuration));
      client.afterPropertiesSet();
      client.start();
      clients.add(new Client(client, own));
      attempts.add(
          Mono.fromCallable(() -> line(client, loop))
              .subscribeOn(Schedulers.boundedElastic())
              .retryWhen(Retry.backoff(Long.MAX_VALUE, FIRST_DELAY).maxBackoff(LONGEST_DELAY))
              .subscribe(
                  line -> loop.execute(() -> lines.put(Thread.currentThread(), line)),
                  error -> log.warn("a thread has no connection to Redis of its own", error)));
    }
  }

  /** Waits for the connection. */
  private static Line line(LettuceConnectionFactory client, EventLoop loop) {
    Object commands = client.getConnection().getNativeConnection();
    @SuppressWarnings("unchecked") // the codec of Spring's connections
    var scripting = (RedisScriptingAsyncCommands<byte[], byte[]>) commands;
    return new Line(client, scripting, loop);
  }

  private RedisConfiguration configuration() {
    if (shared.getClusterConfiguration() != null) {
      return shared.getClusterConfiguration();
    }
    if (shared.getSentinelConfiguration() != null) {
      return shared.getSentinelConfiguration();
    }
    if (shared.getSocketConfiguration() != null) {
      return shared.getSocketConfiguration();
    }
    RedisStandaloneConfiguration address = shared.getStandaloneConfiguration();
    return settings.unixSocket() != null && EpollProvider.isAvailable()
        ? onThisMachine(settings.unixSocket(), address)
        : address;
  }

  private static RedisSocketConfiguration onThisMachine(
      Path socket, RedisStandaloneConfiguration address) {
    RedisSocketConfiguration here = new RedisSocketConfiguration(socket.toString());
    here.setDatabase(address.getDatabase());
    here.setUsername(address.getUsername());
    here.setPassword(address.getPassword());
    return here;
  }

  private ClientResources onLoop(EventLoop loop) {
    return DefaultClientResources.builder()
        .eventLoopGroupProvider(new OneLoop(loop))
        // Else each of these clients would tell the change feed of a gap.
        .eventBus(new DefaultEventBus(Schedulers.parallel()))
        .socketAddressResolver(SocketAddressResolver.create(InetAddress::getAllByName))
        .addressResolverGroup(NoopAddressResolverGroup.INSTANCE)
        .timer(resources.timer())
        .eventExecutorGroup(resources.eventExecutorGroup())
        .reconnectDelay(resources.reconnectDelay())
        .commandLatencyRecorder(resources.commandLatencyRecorder())
        .nettyCustomizer(resources.nettyCustomizer())
        .tracing(resources.tracing())
        .build();
  }

  private LettuceClientConfiguration likeTheShared(
      ClientResources own, RedisConfiguration configuration) {
    LettuceClientConfiguration like = shared.getClientConfiguration();
    LettuceClientConfiguration.LettuceClientConfigurationBuilder client =
        LettuceClientConfiguration.builder()
            .clientResources(own)
            .commandTimeout(like.getCommandTimeout())
            .shutdownTimeout(like.getShutdownTimeout())
            .shutdownQuietPeriod(like.getShutdownQuietPeriod());
    like.getClientOptions()
        .map(options ->
            configuration instanceof RedisSocketConfiguration ? withoutTcp(options) : options)
        .ifPresent(client::clientOptions);
    like.getClientName().ifPresent(client::clientName);
    like.getReadFrom().ifPresent(client::readFrom);
    like.getRedisCredentialsProviderFactory().ifPresent(client::redisCredentialsProviderFactory);
    if (like.isUseSsl()) {
      var ssl = client.useSsl().verifyPeer(like.getVerifyMode());
      if (like.isStartTls()) {
        ssl.startTls();
      }
    }
    return client.build();
  }

  /** A Unix socket has none of TCP's options. */
  private static ClientOptions withoutTcp(ClientOptions options) {
    SocketOptions socket =
        SocketOptions.builder()
            .connectTimeout(options.getSocketOptions().getConnectTimeout())
            .keepAlive(false)
            .build();
    return options.mutate().socketOptions(socket).build();
  }

  @Override
  public void stop() {
    running = false;
    connecting.update(Disposables.disposed());
    lines.clear();
    clients.forEach(Client::close);
    clients.clear();
  }

  @Override
  public boolean isRunning() {
    return running;
  }

  /** After the loops and the client that this is like, and ended before them. */
  @Override
  public int getPhase() {
    return http.getPhase() + 1;
  }

  /** One loop's connection; to be used on its thread. */
  static final class Line {
    private final LettuceConnectionFactory client;
    private final RedisScriptingAsyncCommands<byte[], byte[]> commands;
    private final EventLoop loop;

    private Line(
        LettuceConnectionFactory client,
        RedisScriptingAsyncCommands<byte[], byte[]> commands,
        EventLoop loop) {
      this.client = client;
      this.commands = commands;
      this.loop = loop;
    }

    /**
     * Runs a script that answers with an array of strings.
     *
     * @throws TimeoutException through the Mono, when there is no answer within the limit
     */
    Mono<List<String>> run(
        RedisScript<List<String>> script, List<String> keys, List<String> args, Duration limit) {
      byte[][] keyBytes = bytes(keys);
      byte[][] argBytes = bytes(args);
      long deadline = System.nanoTime() + limit.toNanos();
      return Mono.fromFuture(() ->
              by(
                  deadline,
                  commands.evalsha(script.getSha1(), ScriptOutputType.MULTI, keyBytes, argBytes)))
          .onErrorResume(
              RedisNoScriptException.class,
              unknown ->
                  Mono.fromFuture(() ->
                      by(
                          deadline,
                          commands.eval(
                              script.getScriptAsString(),
                              ScriptOutputType.MULTI,
                              keyBytes,
                              argBytes))))
          .map(Line::strings)
          .onErrorMap(RuntimeException.class, this::inSpringsWords);
    }

    /** A command that is late is not sent any more, should it not have been. */
    private CompletableFuture<List<Object>> by(long deadline, RedisFuture<List<Object>> command) {
      CompletableFuture<List<Object>> answer = command.toCompletableFuture();
      Future<?> end =
          loop.schedule(
              () -> answer.completeExceptionally(new TimeoutException("no answer from Redis")),
              deadline - System.nanoTime(),
              TimeUnit.NANOSECONDS);
      answer.whenComplete((done, error) -> end.cancel(false));
      return answer;
    }

    private RuntimeException inSpringsWords(RuntimeException error) {
      @Nullable RuntimeException translated = client.translateExceptionIfPossible(error);
      return translated == null ? error : translated;
    }

    private static byte[][] bytes(List<String> texts) {
      byte[][] bytes = new byte[texts.size()][];
      for (int i = 0; i < bytes.length; i++) {
        bytes[i] = texts.get(i).getBytes(StandardCharsets.UTF_8);
      }
      return bytes;
    }

    private static List<String> strings(List<Object> answer) {
      List<String> texts = new ArrayList<>(answer.size());
      for (Object part : answer) {
        texts.add(new String((byte[]) part, StandardCharsets.UTF_8));
      }
      return texts;
    }
  }
}
