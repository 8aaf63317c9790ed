package dev.baton.platform.serve;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisException;
import io.lettuce.core.api.StatefulRedisConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection to the store that is made and closed again while the platform's beans are made. When
 * a JVM connects for the first time, Redis' client builds proxies for its several hundred commands,
 * which takes a fifth of a second; the platform's own connections then find them made.
 */
final class FirstConnection {
  private static final Logger log = LoggerFactory.getLogger(FirstConnection.class);

  private FirstConnection() {}

  /** Tries it; a store that can not be reached is the platform's own connections' to report. */
  static void to(String url) {
    RedisClient client = RedisClient.create(url);
    try (StatefulRedisConnection<String, String> connection = client.connect()) {
      connection.sync().ping();
    } catch (RedisException e) {
      log.debug("no first connection to Redis", e);
    } finally {
      client.shutdownAsync();
    }
  }
}
