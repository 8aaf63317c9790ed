package dev.baton.platform.serve;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A Redis of the tests' own, with its data in a temporary directory. */
public final class TestRedis implements AutoCloseable {
  private final DataDirectory data;
  private final OwnRedis redis;

  private TestRedis(DataDirectory data, OwnRedis redis) {
    this.data = data;
    this.redis = redis;
  }

  public static TestRedis start() throws IOException {
    Path directory = Files.createTempDirectory("baton-test-redis");
    DataDirectory data = DataDirectory.open(directory);
    return new TestRedis(data, OwnRedis.start(data, RedisBinary.find(directory.resolve("bin"))));
  }

  public String url() {
    return redis.url();
  }

  @Override
  public void close() {
    redis.close();
    data.close();
  }
}
