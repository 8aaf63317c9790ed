package dev.baton.platform.quota;

import static dev.baton.platform.PlatformUnderTest.chat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.admin.apikey.IssuedKey;
import dev.baton.admin.audit.Actor;
import dev.baton.admin.http.IfMatch;
import dev.baton.admin.limits.Limits;
import dev.baton.admin.limits.TenantLimits;
import dev.baton.admin.storage.TenantKeys;
import dev.baton.admin.tenant.Tenant;
import dev.baton.engine.FinishReason;
import dev.baton.platform.PlatformUnderTest;
import dev.baton.platform.ScriptedEngine;
import dev.baton.testing.RedisServer;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.data.domain.Range;
import org.springframework.data.redis.core.ReactiveStringRedisTemplate;

/** Usage while Redis is away, and after whoever holds it was killed: all of it, once. */
@Timeout(180)
class SpoolIT {
  private static final Duration SOON = Duration.ofSeconds(30);

  /** More than one replay has on its way at once. */
  private static final int TOGETHER = 20;

  @RegisterExtension static final RedisServer REDIS = RedisServer.durable();

  @TempDir Path directory;

  @Test
  void whatEndsWhileRedisIsAwayIsInTheLedgerOnceItIsBack() throws Exception {
    try (ScriptedEngine engine = new ScriptedEngine();
        PlatformUnderTest platform = start(engine)) {
      Tenant free = platform.createTenant("Free");
      IssuedKey key = platform.issueKey(free);
      Tenant limited = platform.createTenant("Limited");
      IssuedKey limitedKey = platform.issueKey(limited);
      limit(platform, limited, new Limits(6L, null, null, null, null, null, null, null));
      Tenant budgeted = platform.createTenant("Budgeted");
      IssuedKey budgetedKey = platform.issueKey(budgeted);
      limit(platform, budgeted, new Limits(null, null, null, 100_000L, null, null, null, null));
      for (IssuedKey known : List.of(key, limitedKey, budgetedKey)) {
        assertThat(answer(platform, engine, known)).isEqualTo(200);
      }
      CompletableFuture<?> across = platform.sendAsync(key.secret(), chat(""));
      ScriptedEngine.Running runningAcross = engine.nextRequest();

      REDIS.kill();
      runningAcross.begin().finish(FinishReason.STOP);
      across.get();
      assertThat(answer(platform, engine, key)).isEqualTo(200);
      // Half of six: one was used before, two more fit this node's share.
      assertThat(answer(platform, engine, limitedKey)).isEqualTo(200);
      assertThat(answer(platform, engine, limitedKey)).isEqualTo(200);
      assertThat(platform.post(limitedKey.secret(), chat("")).statusCode()).isEqualTo(429);
      assertThat(platform.post(budgetedKey.secret(), chat("")).statusCode()).isEqualTo(503);
      assertThat(spooled()).hasSize(4);
      assertThat(spoolBytes(platform)).isPositive();

      REDIS.start();
      await().atMost(SOON).ignoreExceptions().until(() -> ledger(platform, free.id()).size() == 3);
      await()
          .atMost(SOON)
          .ignoreExceptions()
          .until(() -> ledger(platform, limited.id()).size() == 3);
      await().atMost(SOON).until(() -> spooled().isEmpty());
      assertThat(spoolBytes(platform)).isZero();
      assertThat(ledger(platform, free.id())).doesNotHaveDuplicates();
      await()
          .atMost(SOON)
          .untilAsserted(() -> assertThat(answer(platform, engine, budgetedKey)).isEqualTo(200));
    }
  }

  @Test
  void aReplayThatMeetsAnOutageIsTriedAgain() throws Exception {
    try (ScriptedEngine engine = new ScriptedEngine();
        PlatformUnderTest platform = start(engine, "300ms")) {
      Tenant tenant = platform.createTenant("Replayed");
      IssuedKey key = platform.issueKey(tenant);
      await().atMost(SOON).until(() -> answer(platform, engine, key) == 200);
      int before = ledger(platform, tenant.id()).size();
      StorePause pause = platform.bean(StorePause.class);
      REDIS.freeze();
      try {
        for (int i = 0; i < TOGETHER; i++) {
          assertThat(answer(platform, engine, key)).isEqualTo(200);
        }
        // Nobody else asks Redis now: the next pause begins when settlements failed together.
        await().atMost(SOON).until(() -> !pause.isOn());
        await().atMost(SOON).until(pause::isOn);
      } finally {
        REDIS.thaw();
      }
      await()
          .atMost(SOON)
          .ignoreExceptions()
          .until(() -> ledger(platform, tenant.id()).size() >= before + TOGETHER);
      await().atMost(SOON).until(() -> spooled().isEmpty());
      assertThat(ledger(platform, tenant.id())).doesNotHaveDuplicates();
    }
  }

  @Test
  void whatAKilledProcessHadSpooledIsInTheLedgerOnce() throws Exception {
    List<String> acknowledged = new ArrayList<>();
    Process process = ChildJvm.start(SpoolingProcess.class, directory.toString());
    try (BufferedReader out = process.inputReader()) {
      while (acknowledged.size() < 300) {
        String line = Objects.requireNonNull(out.readLine(), "the process ended");
        if (line.startsWith("req_")) { // it logs as well
          acknowledged.add(line);
        }
      }
      process.toHandle().destroyForcibly(); // the process itself would close its output
      out.lines().filter(line -> line.startsWith("req_")).forEach(acknowledged::add);
    }
    process.waitFor();
    cutLastLine();

    try (ScriptedEngine engine = new ScriptedEngine();
        PlatformUnderTest platform = start(engine)) {
      await().atMost(SOON).until(() -> spooled().isEmpty());
      assertThat(ledger(platform, SpoolingProcess.TENANT))
          .doesNotHaveDuplicates()
          .containsAll(acknowledged);
    }
  }

  @Test
  void whoeverHasReadAnAnswerFindsItInTheLedgerThoughThePlatformWasKilled() throws Exception {
    AtomicInteger answered = new AtomicInteger();
    Tenant tenant;
    try (ScriptedEngine engine = new ScriptedEngine();
        PlatformUnderTest platform = start(engine)) {
      tenant = platform.createTenant("Killed");
      IssuedKey key = platform.issueKey(tenant);
      Process process = ChildJvm.start(PlatformProcess.class, REDIS.url(), directory.toString());
      try (BufferedReader out = process.inputReader()) {
        URI url = URI.create(Objects.requireNonNull(out.readLine(), "the platform did not start"));
        ask(platform, url, key, answered, process);
      } finally {
        process.destroyForcibly().waitFor();
      }
      assertThat(answered).hasValueGreaterThanOrEqualTo(100);
      // What was answered but not read in time may be there as well.
      assertThat(ledger(platform, tenant.id()))
          .doesNotHaveDuplicates()
          .hasSizeBetween(answered.get(), answered.get() + 8);
    }
  }

  /** Eight at a time, until the platform is killed at the hundredth answer. */
  private static void ask(
      PlatformUnderTest platform, URI url, IssuedKey key, AtomicInteger answered, Process process)
      throws InterruptedException {
    List<Thread> clients = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      clients.add(
          Thread.ofVirtual()
              .start(() -> {
                try {
                  HttpRequest request =
                      HttpRequest.newBuilder(
                              platform.chatRequest(key.secret(), chat("")), (n, v) -> true)
                          .uri(url.resolve("/v1/chat/completions"))
                          .build();
                  while (platform.send(request).statusCode() == 200) {
                    if (answered.incrementAndGet() == 100) {
                      process.destroyForcibly();
                    }
                  }
                } catch (IOException e) {
                  // Killed, as it should be.
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
              }));
    }
    for (Thread client : clients) {
      client.join();
    }
  }

  private PlatformUnderTest start(ScriptedEngine engine) {
    return start(engine, "10s"); // a busy machine is no outage
  }

  private PlatformUnderTest start(ScriptedEngine engine, String readTimeout) {
    return PlatformUnderTest.start(
        engine,
        REDIS.url(),
        Map.of(
            "baton.quota.spool-directory",
            directory.toString(),
            "baton.storage.read-timeout",
            readTimeout));
  }

  private static int answer(PlatformUnderTest platform, ScriptedEngine engine, IssuedKey key)
      throws Exception {
    var answer = platform.sendAsync(key.secret(), chat(""));
    engine.nextRequest().begin().say("yes").finish(FinishReason.STOP);
    return answer.get().statusCode();
  }

  private static void limit(PlatformUnderTest platform, Tenant tenant, Limits limits) {
    platform
        .bean(TenantLimits.class)
        .put(Actor.ADMIN, tenant.id(), null, limits, IfMatch.WHATEVER)
        .block(SOON);
  }

  private static List<String> ledger(PlatformUnderTest platform, String tenantId) {
    return Objects.requireNonNull(
        platform
            .bean(ReactiveStringRedisTemplate.class)
            .<String, String>opsForStream()
            .range(new TenantKeys(tenantId).ledger(), Range.unbounded())
            .map(entry -> Objects.requireNonNull(entry.getValue().get("request")))
            .collectList()
            .block(SOON));
  }

  private static double spoolBytes(PlatformUnderTest platform) {
    return platform.bean(MeterRegistry.class).get("baton.usage.spool").gauge().value();
  }

  private List<String> spooled() throws IOException {
    List<String> lines = new ArrayList<>();
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        lines.addAll(Files.readAllLines(file));
      }
    }
    return lines;
  }

  /** As a crash in the middle of a write does. */
  private void cutLastLine() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      Path file = files.findFirst().orElseThrow();
      Files.writeString(file, "deadbeef {\"requestId\":\"req_", StandardOpenOption.APPEND);
    }
  }
}
