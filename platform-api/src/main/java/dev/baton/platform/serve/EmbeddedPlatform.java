package dev.baton.platform.serve;

import dev.baton.engine.Engine;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.springframework.context.ConfigurableApplicationContext;

/** The platform with a Redis of its own around any engine, for benchmarks. */
public final class EmbeddedPlatform implements AutoCloseable {
  private final Closeables parts = new Closeables();
  private final int port;

  private EmbeddedPlatform(Engine engine, Path directory, Map<String, Object> properties) {
    try {
      DataDirectory data = parts.add(DataDirectory.open(directory));
      OwnRedis redis = parts.add(OwnRedis.start(data, RedisBinary.find(data.resolve("redis/bin"))));
      Map<String, Object> all = new HashMap<>(properties);
      all.putAll(redis.settings());
      all.put("baton.quota.spool-directory", data.privateDirectory("spool"));
      ConfigurableApplicationContext context = Platform.start(engine, all);
      parts.add(context::close);
      port = Platform.port(context);
    } catch (RuntimeException e) {
      parts.close();
      throw e;
    }
  }

  /**
   * Starts it on the loopback interface.
   *
   * @param engine stays the caller's to close
   * @param directory where Redis keeps its data
   */
  public static EmbeddedPlatform start(
      Engine engine, Path directory, Map<String, Object> properties) {
    return new EmbeddedPlatform(engine, directory, properties);
  }

  public int port() {
    return port;
  }

  @Override
  public void close() {
    parts.close();
  }
}
