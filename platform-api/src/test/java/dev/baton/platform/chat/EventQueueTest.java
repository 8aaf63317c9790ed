package dev.baton.platform.chat;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.GenerationEvent;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.concurrent.DefaultEventExecutor;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;

@Timeout(30)
class EventQueueTest {
  private final EventQueue queue = new EventQueue(64);
  private final Queue<Runnable> thread = new ArrayDeque<>();
  private final Reader reader = new Reader();

  private static GenerationEvent event(int number) {
    return new GenerationEvent.Started(number, 0);
  }

  private static List<Integer> numbers(List<GenerationEvent> batch) {
    return batch.stream().map(event -> ((GenerationEvent.Started) event).promptTokens()).toList();
  }

  private void runThread() {
    for (Runnable task = thread.poll(); task != null; task = thread.poll()) {
      task.run();
    }
  }

  /** Asks for nothing by itself. */
  private static final class Reader extends BaseSubscriber<List<GenerationEvent>> {
    private final List<List<Integer>> batches = new ArrayList<>();
    private final List<String> ends = new ArrayList<>();

    @Override
    protected void hookOnSubscribe(Subscription subscription) {
      // The test asks.
    }

    @Override
    protected void hookOnNext(List<GenerationEvent> batch) {
      batches.add(numbers(batch));
    }

    @Override
    protected void hookOnComplete() {
      ends.add("complete");
    }

    @Override
    protected void hookOnError(Throwable error) {
      ends.add(String.valueOf(error.getMessage()));
    }
  }

  @Test
  void whatCameTogetherIsDeliveredTogetherAndInOrder() {
    queue.batches(thread::add).subscribe(reader);
    reader.requestUnbounded();
    runThread();
    for (int i = 0; i < 20; i++) {
      queue.offer(event(i));
    }
    assertThat(thread).as("the reader's thread is called once").hasSize(1);
    runThread();
    assertThat(reader.batches).hasSize(2);
    assertThat(reader.batches.getFirst()).hasSize(16);
    assertThat(reader.batches.stream().flatMap(List::stream))
        .containsExactlyElementsOf(Flux.range(0, 20).collectList().block());
  }

  @Test
  void deliversNothingUnaskedAndEndsAfterWhatWasQueued() {
    queue.offer(event(1));
    queue.batches(thread::add).subscribe(reader);
    queue.offer(event(2));
    queue.end(null);
    runThread();
    assertThat(reader.batches).isEmpty();
    assertThat(reader.ends).isEmpty();
    reader.request(1);
    runThread();
    assertThat(reader.batches).containsExactly(List.of(1, 2));
    assertThat(reader.ends).containsExactly("complete");
  }

  @Test
  void saysWhenItIsFullAndEndsWithTheFirstCause() {
    queue.batches(thread::add).subscribe(reader);
    for (int i = 0; i < 64; i++) {
      assertThat(queue.offer(event(i))).isTrue();
    }
    assertThat(queue.offer(event(64))).isFalse();
    queue.end(new IllegalStateException("too slow"));
    queue.end(null);
    assertThat(queue.offer(event(65))).as("dropped").isTrue();
    reader.requestUnbounded();
    runThread();
    assertThat(reader.batches.stream().mapToInt(List::size).sum()).isEqualTo(64);
    assertThat(reader.ends).containsExactly("too slow");
  }

  @Test
  void aReaderThatLeftHoldsNothing() {
    queue.batches(thread::add).subscribe(reader);
    for (int i = 0; i < 64; i++) {
      queue.offer(event(i));
    }
    reader.cancel();
    runThread();
    for (int i = 0; i < 1000; i++) {
      assertThat(queue.offer(event(i))).isTrue();
    }
    queue.end(null);
    runThread();
    assertThat(reader.batches).isEmpty();
    assertThat(reader.ends).isEmpty();
  }

  @Test
  void aThreadThatHasEndedIsNoFault() {
    queue
        .batches(task -> {
          throw new RejectedExecutionException();
        })
        .subscribe(reader);
    for (int i = 0; i < 1000; i++) {
      assertThat(queue.offer(event(i))).isTrue();
    }
  }

  @Test
  void norIsALoopThatHasEnded() throws InterruptedException {
    DefaultEventExecutor loop = new DefaultEventExecutor();
    loop.shutdownGracefully(0, 0, TimeUnit.SECONDS).sync();
    queue.batches(loop, Duration.ofSeconds(15)).subscribe(reader);
    reader.requestUnbounded();
    for (int i = 0; i < 1000; i++) {
      assertThat(queue.offer(event(i))).isTrue();
    }
  }

  @Test
  void hasOneReader() {
    queue.batches(thread::add).subscribe(reader);
    Reader second = new Reader();
    queue.batches(thread::add).subscribe(second);
    assertThat(second.ends).containsExactly("the events have a reader");
  }

  @Test
  void whatWaitsIsDeliveredAtOnceToAReaderOnItsThread() {
    EmbeddedChannel channel = new EmbeddedChannel();
    queue.offer(event(1));
    queue.offer(event(2));
    CompletableFuture<Void> asked =
        CompletableFuture.runAsync(
            () -> {
              queue.batches(channel.eventLoop()).subscribe(reader);
              reader.requestUnbounded();
              assertThat(reader.batches).containsExactly(List.of(1, 2));
              queue.offer(event(3));
              assertThat(reader.batches).hasSize(1);
            },
            channel.eventLoop());
    channel.runPendingTasks();
    asked.join();
    assertThat(reader.batches).hasSize(2);
    channel.close();
  }

  @Test
  void ticksAReaderThatCanTakeItWhileThereIsNothingElse() {
    EmbeddedChannel channel = ticked();
    pass(channel, 15);
    assertThat(reader.batches).as("it asked for nothing").isEmpty();
    reader.request(2);
    pass(channel, 14);
    assertThat(reader.batches).isEmpty();
    pass(channel, 1);
    assertThat(reader.batches).containsExactly(List.of());
    queue.offer(event(1));
    pass(channel, 0);
    assertThat(reader.batches).containsExactly(List.of(), List.of(1));
    pass(channel, 15);
    assertThat(reader.batches).as("it asked for two").hasSize(2);
    queue.end(null);
    pass(channel, 0);
    assertThat(reader.ends).containsExactly("complete");
    assertThat(channel.hasPendingTasks()).as("nothing ticks").isFalse();
    channel.close();
  }

  @Test
  void aReaderThatLeftIsNotTicked() {
    EmbeddedChannel channel = ticked();
    reader.requestUnbounded();
    reader.cancel();
    pass(channel, 0);
    assertThat(channel.hasPendingTasks()).isFalse();
    channel.close();
  }

  /** The loop that ticks the reader each 15 s of a time that stands still. */
  private EmbeddedChannel ticked() {
    EmbeddedChannel channel = new EmbeddedChannel();
    channel.freezeTime();
    queue.batches(channel.eventLoop(), Duration.ofSeconds(15)).subscribe(reader);
    return channel;
  }

  private static void pass(EmbeddedChannel channel, int seconds) {
    channel.advanceTimeBy(seconds, TimeUnit.SECONDS);
    channel.runPendingTasks();
    channel.runScheduledPendingTasks();
  }

  /** Two threads, many times: nothing is lost, doubled or reordered, and the end is last. */
  @Test
  void losesNothingBetweenTwoThreads() {
    try (ExecutorService engine = Executors.newSingleThreadExecutor();
        ExecutorService loop = Executors.newSingleThreadExecutor()) {
      for (int round = 0; round < 2000; round++) {
        EventQueue shared = new EventQueue(64);
        int count = 1 + round % 50;
        engine.execute(() -> {
          for (int i = 0; i < count; i++) {
            shared.offer(event(i));
          }
          shared.end(null);
        });
        List<Integer> seen =
            shared
                .batches(loop)
                .limitRate(1)
                .flatMapIterable(EventQueueTest::numbers)
                .collectList()
                .block();
        assertThat(seen).containsExactlyElementsOf(Flux.range(0, count).collectList().block());
      }
    }
  }
}
