package dev.baton.admin.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.baton.admin.AdminNode;
import dev.baton.testing.RedisServer;
import io.netty.util.concurrent.EventExecutor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.dao.DataAccessException;
import org.springframework.data.redis.core.script.RedisScript;
import org.springframework.http.client.ReactorResourceFactory;
import reactor.netty.resources.LoopResources;

/** What event loops ask Redis themselves. */
@Timeout(60)
class NearRedisIT {
  private static final RedisScript<List<String>> ECHO =
      Scripts.of("return {KEYS[1], ARGV[1], ARGV[2]}");

  @RegisterExtension static final RedisServer REDIS = RedisServer.durable();

  /** An answer, and the thread it came on. */
  private record Heard(List<String> answer, Thread on) {}

  private static CompletableFuture<Heard> ask(
      AdminNode node, EventExecutor loop, RedisScript<List<String>> script) {
    Store store = node.bean(Store.class);
    CompletableFuture<Heard> heard = new CompletableFuture<>();
    loop.execute(() ->
        store
            .account(script, List.of("key"), List.of("ä", ""))
            .subscribe(
                answer -> heard.complete(new Heard(answer, Thread.currentThread())),
                heard::completeExceptionally));
    return heard;
  }

  private static List<EventExecutor> loops(AdminNode node) {
    List<EventExecutor> loops = new ArrayList<>();
    node.bean(ReactorResourceFactory.class)
        .getLoopResources()
        .onServer(LoopResources.DEFAULT_NATIVE)
        .forEach(loops::add);
    return loops;
  }

  /** From a start until each loop has its connection, the shared one answers. */
  private static void awaitNear(AdminNode node) {
    for (EventExecutor loop : loops(node)) {
      await()
          .atMost(Duration.ofSeconds(20))
          .ignoreExceptions()
          .untilAsserted(() -> {
            Heard heard = ask(node, loop, ECHO).get(5, TimeUnit.SECONDS);
            assertThat(heard.answer()).containsExactly("key", "ä", "");
            assertThat(loop.inEventLoop(heard.on())).isTrue();
          });
    }
  }

  @Test
  void eachLoopIsAnsweredOnItsOwnThreadAlsoAfterAnOutage() {
    try (AdminNode node = AdminNode.start(REDIS)) {
      awaitNear(node);
      REDIS.kill();
      for (EventExecutor loop : loops(node)) {
        assertThatThrownBy(() -> ask(node, loop, ECHO).get(5, TimeUnit.SECONDS))
            .hasCauseInstanceOf(StoreUnavailableException.class);
      }
      REDIS.start();
      awaitNear(node);
    }
  }

  @Test
  void aFrozenRedisIsAnOutageAndHoldsNoLoop() throws Exception {
    try (AdminNode node = AdminNode.start(REDIS)) {
      awaitNear(node);
      EventExecutor loop = loops(node).getFirst();
      REDIS.freeze();
      try {
        CompletableFuture<Heard> heard = ask(node, loop, ECHO);
        loop.submit(() -> {}).get(5, TimeUnit.SECONDS);
        assertThat(heard).isNotDone();
        assertThatThrownBy(() -> heard.get(5, TimeUnit.SECONDS))
            .hasCauseInstanceOf(StoreUnavailableException.class);
      } finally {
        REDIS.thaw();
      }
    }
  }

  @Test
  void aScriptThatRedisRefusesIsADefectAndNoOutage() {
    try (AdminNode node = AdminNode.start(REDIS)) {
      awaitNear(node);
      RedisScript<List<String>> wrong = Scripts.of("return redis.error_reply('ERR wrong')");
      assertThatThrownBy(() -> ask(node, loops(node).getFirst(), wrong).get(5, TimeUnit.SECONDS))
          .cause()
          .isInstanceOf(DataAccessException.class)
          .isNotInstanceOf(StoreUnavailableException.class);
    }
  }
}
