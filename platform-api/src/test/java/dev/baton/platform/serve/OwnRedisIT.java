package dev.baton.platform.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.platform.PlatformUnderTest;
import dev.baton.platform.ScriptedEngine;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class OwnRedisIT {
  private static final Pattern CONNECTED = Pattern.compile("connected_clients:(\\d+)");

  @TempDir private Path directory;

  @Test
  void listensForItsPasswordOnlyAndIsGoneWhenClosed() throws IOException {
    try (DataDirectory data = DataDirectory.open(directory)) {
      OwnRedis redis = OwnRedis.start(data, RedisBinary.find(directory.resolve("bin")));
      int port = port(redis);
      assertThat(RedisWire.answers(port, password(redis))).isTrue();
      assertThat(RedisWire.answers(port, "guess")).isFalse();
      assertThat(Files.readString(directory.resolve("redis/redis.conf")))
          .contains("bind 127.0.0.1", "appendonly yes", "appendfsync always");
      ProcessHandle process = process();
      redis.close();
      assertThat(OwnRedis.runs(process)).isFalse();
    }
  }

  @Test
  void isWhereItWasPlannedToBe() {
    try (DataDirectory data = DataDirectory.open(directory);
        OwnRedis redis = OwnRedis.plan(data)) {
      String planned = redis.url();
      assertThat(RedisWire.answers(port(redis), password(redis))).isFalse();
      redis.start(RedisBinary.find(directory.resolve("bin")));
      assertThat(redis.url()).isEqualTo(planned);
      assertThat(RedisWire.answers(port(redis), password(redis))).isTrue();
    }
  }

  @Test
  void eventLoopsAskItThroughItsUnixSocket() {
    try (DataDirectory data = DataDirectory.open(directory);
        OwnRedis redis = OwnRedis.start(data, RedisBinary.find(directory.resolve("bin")));
        ScriptedEngine engine = new ScriptedEngine();
        PlatformUnderTest platform =
            PlatformUnderTest.start(engine, redis.url(), redis.settings())) {
      assertThat(platform.url()).isNotNull();
      await(() -> answer(redis, "CLIENT LIST").contains("redis.sock:0"));
    }
  }

  @Test
  void hasNoUnixSocketWhereItsNameWouldBeTooLong() {
    try (DataDirectory data = DataDirectory.open(directory.resolve("long".repeat(25)));
        OwnRedis redis = OwnRedis.start(data, RedisBinary.find(directory.resolve("bin")))) {
      assertThat(RedisWire.answers(port(redis), password(redis))).isTrue();
      assertThat(redis.settings()).containsOnlyKeys("spring.data.redis.url");
    }
  }

  @Test
  void aFirstConnectionLeavesNothingOpenAndFailsQuietly() throws IOException {
    try (DataDirectory data = DataDirectory.open(directory);
        OwnRedis redis = OwnRedis.start(data, RedisBinary.find(directory.resolve("bin")))) {
      FirstConnection.to(redis.url());
      await(() -> connections(redis) == 1);
      redis.close();
      FirstConnection.to(redis.url());
    }
  }

  @Test
  void isStartedAgainOnTheSamePortWhenItDies() throws Exception {
    try (DataDirectory data = DataDirectory.open(directory);
        OwnRedis redis = OwnRedis.start(data, RedisBinary.find(directory.resolve("bin")))) {
      ProcessHandle first = process();
      first.destroyForcibly();
      first.onExit().get(10, TimeUnit.SECONDS);
      await(() -> RedisWire.answers(port(redis), password(redis)));
    }
  }

  @Test
  void stopsTheOneThatAKilledPlatformLeftBehind() throws IOException {
    try (DataDirectory data = DataDirectory.open(directory)) {
      RedisBinary binary = RedisBinary.find(directory.resolve("bin"));
      OwnRedis.start(data, binary).abandon();
      ProcessHandle left = process();
      try (OwnRedis next = OwnRedis.start(data, binary)) {
        assertThat(OwnRedis.runs(left)).isFalse();
        assertThat(RedisWire.answers(port(next), password(next))).isTrue();
      }
    }
  }

  @Test
  void runsTheEmbeddedProgramWhereTheMachineHasNone() throws IOException {
    try (DataDirectory data = DataDirectory.open(directory);
        OwnRedis redis = OwnRedis.start(data, RedisBinary.embedded(directory.resolve("bin")))) {
      assertThat(redis.version()).startsWith("6.2");
      assertThat(RedisWire.answers(port(redis), password(redis))).isTrue();
    }
  }

  @Test
  void leavesTheDataDirectoryToWhoHasIt() {
    try (DataDirectory data = DataDirectory.open(directory)) {
      assertThat(data.resolve("lock")).exists();
      assertThatThrownBy(() -> DataDirectory.open(directory))
          .isInstanceOf(StartFailure.class)
          .hasMessageContaining("in use by another");
    }
  }

  @Test
  void saysWhatIsWrongWithAnImpossibleDataDirectory() throws IOException {
    Path file = Files.createFile(directory.resolve("file"));
    assertThatThrownBy(() -> DataDirectory.open(file.resolve("data")))
        .isInstanceOf(StartFailure.class)
        .hasMessageContaining("--data DIR");
  }

  @Test
  void writesSecretsForTheirOwnerOnly() throws IOException {
    try (DataDirectory data = DataDirectory.open(directory)) {
      Path file = data.writeSecret("token", "abc\n");
      assertThat(Files.getPosixFilePermissions(file)).hasSize(2);
      assertThat(data.read("token")).contains("abc");
    }
  }

  private ProcessHandle process() throws IOException {
    long pid = Long.parseLong(Files.readString(directory.resolve("redis/redis.pid")).strip());
    return ProcessHandle.of(pid).orElseThrow();
  }

  private static int port(OwnRedis redis) {
    return URI.create(redis.url()).getPort();
  }

  private static String password(OwnRedis redis) {
    return URI.create(redis.url()).getUserInfo().substring(1);
  }

  /** How many are connected, ourselves among them; 0 when that can not be asked. */
  private static int connections(OwnRedis redis) {
    Matcher count = CONNECTED.matcher(answer(redis, "INFO clients"));
    return count.find() ? Integer.parseInt(count.group(1)) : 0;
  }

  /** What it says to a command; nothing when it can not be asked. */
  private static String answer(OwnRedis redis, String command) {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port(redis))) {
      String words = "AUTH %s\r\n%s\r\nQUIT\r\n".formatted(password(redis), command);
      socket.getOutputStream().write(words.getBytes(StandardCharsets.US_ASCII));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
    } catch (IOException e) {
      return "";
    }
  }

  private static void await(BooleanSupplier condition) {
    long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).isLessThan(end);
      LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
    }
  }
}
