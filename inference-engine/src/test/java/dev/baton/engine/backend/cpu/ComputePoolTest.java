package dev.baton.engine.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ComputePoolTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 8})
  void runsEachShareOnceInEveryCall(int threads) {
    try (ComputePool pool = new ComputePool(threads)) {
      assertThat(pool.threads()).isEqualTo(threads);
      int[] runs = new int[threads]; // plain: the pool makes writes visible
      for (int call = 1; call <= 2_000; call++) {
        pool.run(worker -> runs[worker]++);
        assertThat(runs).containsOnly(call);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5})
  void coversARangeOnceInPiecesOfTheGrain(int threads) {
    try (ComputePool pool = new ComputePool(threads)) {
      for (int count : new int[] {0, 1, 6, 7, 8, 1_000}) {
        for (int grain : new int[] {1, 7, 2_000, Integer.MAX_VALUE}) {
          AtomicIntegerArray seen = new AtomicIntegerArray(Math.max(1, count));
          pool.parallelFor(
              count,
              grain,
              (worker, from, to) -> {
                assertThat(worker).isBetween(0, threads - 1);
                assertThat(to - from).isBetween(1, grain);
                for (int i = from; i < to; i++) {
                  seen.incrementAndGet(i);
                }
              });
          for (int i = 0; i < count; i++) {
            assertThat(seen.get(i)).isEqualTo(1);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5})
  void coversARangeOnceInRunsOfWholeGrains(int threads) {
    try (ComputePool pool = new ComputePool(threads)) {
      for (int count : new int[] {0, 1, 6, 7, 8, 1_000}) {
        for (int grain : new int[] {1, 4, 2_000, Integer.MAX_VALUE}) {
          AtomicIntegerArray seen = new AtomicIntegerArray(Math.max(1, count));
          pool.parallelRuns(
              count,
              grain,
              (worker, from, to) -> {
                assertThat(from % grain).isZero();
                assertThat(to - from).isBetween(1, Math.max(grain, (count - from) / (4 * threads)));
                for (int i = from; i < to; i++) {
                  seen.incrementAndGet(i);
                }
              });
          for (int i = 0; i < count; i++) {
            assertThat(seen.get(i)).isEqualTo(1);
          }
        }
      }
    }
  }

  @Test
  void takesWorkersThatParkedBetweenCalls() throws InterruptedException {
    try (ComputePool pool = new ComputePool(2)) {
      for (int call = 0; call < 20; call++) {
        Thread worker = threadOfShareOne(pool);
        if (worker != Thread.currentThread()) {
          while (worker.getState() != Thread.State.WAITING) {
            Thread.onSpinWait();
          }
        }
      }
    }
  }

  /** Holds the caller until share 1 has begun elsewhere, so that the worker must wake up. */
  private static Thread threadOfShareOne(ComputePool pool) {
    CountDownLatch begun = new CountDownLatch(1);
    Thread[] thread = new Thread[1];
    pool.run(share -> {
      if (share == 1) {
        thread[0] = Thread.currentThread();
        begun.countDown();
      } else {
        awaitQuietly(begun);
      }
    });
    return thread[0];
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void runsTheSharesThatNoWorkerHasBegunInTheCaller() {
    List<ComputePool> pools = new ArrayList<>();
    try {
      for (int i = 0; i < 3; i++) { // more threads than any machine has cores: some start late
        pools.add(new ComputePool(64));
      }
      for (ComputePool pool : pools) {
        boolean[] ran = new boolean[64];
        pool.run(worker -> ran[worker] = true);
        assertThat(ran).containsOnly(true);
      }
    } finally {
      pools.forEach(ComputePool::close);
    }
  }

  @Test
  void throwsWhatASharesThrewAndStaysUsable() {
    try (ComputePool pool = new ComputePool(3)) {
      for (int failing = 0; failing < 3; failing++) {
        int share = failing;
        assertThatThrownBy(() ->
                pool.run(worker -> {
                  if (worker == share) {
                    throw new IllegalArgumentException("share " + worker);
                  }
                }))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessage("share " + share);
        int[] runs = new int[3];
        pool.run(worker -> runs[worker]++);
        assertThat(runs).containsOnly(1);
      }
    }
  }

  @Test
  void refusesNestedCallsAndCallsAfterClose() {
    ComputePool pool = new ComputePool(2);
    assertThatThrownBy(() -> pool.run(worker -> pool.run(inner -> {})))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("one caller at a time");
    pool.run(worker -> {});
    pool.close();
    assertThatThrownBy(() -> pool.run(worker -> {}))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed");
  }
}
