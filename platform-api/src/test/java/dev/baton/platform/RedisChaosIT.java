package dev.baton.platform;

import static dev.baton.platform.PlatformUnderTest.ADMIN_TOKEN;
import static dev.baton.platform.PlatformUnderTest.chat;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.admin.tenant.Tenant;
import dev.baton.platform.serve.TestRedis;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The store is killed, frozen and emptied while tenants chat: the table "What fails how". */
@Timeout(120)
class RedisChaosIT {
  private static final int CLIENTS = 3;

  private TestRedis redis;
  private ScenarioEngine engine;
  private PlatformUnderTest platform;
  private ExecutorService clients;
  private List<String> keys;
  private final Queue<Answer> answers = new ConcurrentLinkedQueue<>();
  private volatile boolean enough;

  private record Answer(int status, Duration took) {}

  @BeforeEach
  void start() throws IOException {
    redis = TestRedis.start();
    engine = new ScenarioEngine();
    platform =
        PlatformUnderTest.start(
            engine, redis, Map.of("logging.level.dev.baton.platform.problem", "error"));
    clients = Executors.newFixedThreadPool(CLIENTS);
    keys = new ArrayList<>();
    for (int i = 0; i < CLIENTS; i++) {
      keys.add(platform.issueKey(platform.createTenant("Tenant " + i)).secret());
    }
  }

  @AfterEach
  void stop() {
    enough = true;
    clients.close();
    platform.close();
    engine.close();
    redis.close();
  }

  @Test
  void knownKeysGoOnAndAcknowledgedWritesStayWhenRedisIsKilled() throws Exception {
    List<String> acknowledged = new ArrayList<>();
    chatInTheBackground();
    awaitAnswers(20);
    for (int round = 0; round < 3; round++) {
      String back = "Back again " + round;
      awaitStatus(201, () -> createTenant(back + System.nanoTime()).statusCode());
      for (int write = 0; write < 5; write++) {
        HttpResponse<String> created = createTenant("Written " + round + " " + write);
        if (created.statusCode() == 201) {
          acknowledged.add("Written " + round + " " + write);
        } else {
          assertThat(created.statusCode()).as(created.body()).isEqualTo(503);
        }
        if (write == 2) {
          redis.kill();
        }
      }
      awaitAnswers(20);
    }
    awaitStatus(201, () -> createTenant("Written at last " + System.nanoTime()).statusCode());
    endTraffic();
    assertThat(acknowledged).hasSizeGreaterThan(5);
    String tenants = platform.admin("GET", "/admin/v1/tenants?limit=100");
    for (String name : acknowledged) {
      assertThat(tenants.split("\"" + name + "\"", -1)).as(name).hasSize(2);
    }
    assertThat(answers).extracting(Answer::status).containsOnly(200);
  }

  @Test
  void nothingHangsWhileRedisDoesNotAnswer() throws Exception {
    String unknown = platform.issueKey(platform.createTenant("Not seen yet")).secret();
    chatInTheBackground();
    awaitAnswers(20);
    redis.freeze();
    try {
      HttpResponse<String> stranger = platform.post(unknown, chat(""));
      assertThat(stranger.statusCode()).isEqualTo(503);
      assertThat(stranger.headers().firstValue("retry-after")).isPresent();
      assertThat(createTenant("Too late").statusCode()).isEqualTo(503);
      awaitAnswers(20);
    } finally {
      redis.thaw();
    }
    awaitStatus(200, () -> platform.post(unknown, chat("")).statusCode());
    endTraffic();
    assertThat(answers).extracting(Answer::status).containsOnly(200);
    assertThat(answers)
        .extracting(Answer::took)
        .allSatisfy(took -> assertThat(took).isLessThan(Duration.ofSeconds(10)));
  }

  @Test
  void keysAreUnknownWhenRedisIsEmptiedAndNewTenantsWorkAtOnce() throws Exception {
    chatInTheBackground();
    awaitAnswers(20);
    redis.flush();
    awaitStatus(401, () -> platform.post(keys.getFirst(), chat("")).statusCode());
    Tenant tenant = platform.createTenant("After the flood");
    assertThat(platform.post(platform.issueKey(tenant).secret(), chat("")).statusCode())
        .isEqualTo(200);
    endTraffic();
    assertThat(answers).extracting(Answer::status).containsOnly(200, 401);
  }

  private interface Probe {
    int status() throws Exception;
  }

  private static void awaitStatus(int wanted, Probe probe) throws Exception {
    long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    for (int status = probe.status(); status != wanted; status = probe.status()) {
      assertThat(System.nanoTime()).as("still " + status).isLessThan(deadline);
      LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
    }
  }

  private HttpResponse<String> createTenant(String name) throws Exception {
    return platform.send(
        platform
            .request("/admin/v1/tenants", ADMIN_TOKEN)
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString("{\"name\":\"" + name + "\"}"))
            .build());
  }

  private void chatInTheBackground() {
    for (String key : keys) {
      clients.execute(() -> chatUntilEnough(key));
    }
  }

  private void chatUntilEnough(String key) {
    try {
      while (!enough) {
        long start = System.nanoTime();
        int status = platform.post(key, chat("")).statusCode();
        answers.add(new Answer(status, Duration.ofNanos(System.nanoTime() - start)));
      }
    } catch (IOException e) {
      answers.add(new Answer(-1, Duration.ZERO));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void awaitAnswers(int more) {
    int wanted = answers.size() + more;
    long deadline = System.nanoTime() + Duration.ofSeconds(40).toNanos();
    while (answers.size() < wanted) {
      assertThat(System.nanoTime()).as("the traffic stands still").isLessThan(deadline);
      LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
    }
  }

  private void endTraffic() throws InterruptedException {
    enough = true;
    clients.shutdown();
    assertThat(clients.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
  }
}
