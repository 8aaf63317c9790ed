package dev.baton.engine.backend.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * What this machine can do at most, measured by the smallest programs that reach it: the yardstick
 * beside every benchmark.
 *
 * @param threads that "all" means
 * @param readBytesPerSecondOne bytes a second that one core reads from memory
 * @param readBytesPerSecondAll the same of all threads together, each on a part of its own
 * @param fmaFlopsOne f32 operations a second of fused multiply-adds in one core's registers (two
 *     operations each)
 * @param fmaFlopsAll the same of all threads together
 */
public record MachineCeilings(
    int threads,
    double readBytesPerSecondOne,
    double readBytesPerSecondAll,
    double fmaFlopsOne,
    double fmaFlopsAll) {
  private static final int PASSES = 5;
  private static final int STREAMS = 8;
  private static final int FMA_CHAINS = 12; // more than latency times ports of any core
  private static final int FMA_ROUNDS = 20_000_000;

  /**
   * Measures, best of {@value #PASSES}: about two seconds.
   *
   * @param readBytes memory to read, well beyond the caches; one GiB where there is room
   */
  public static MachineCeilings measure(int threads, long readBytes) {
    try (ComputePool pool = new ComputePool(threads);
        Arena arena = Arena.ofShared()) {
      MemorySegment memory = arena.allocate(readBytes / 4096 * 4096, 4096);
      memory.fill((byte) 1);
      return new MachineCeilings(
          threads,
          readBandwidth(pool, memory, 1),
          readBandwidth(pool, memory, threads),
          fmaRate(pool, 1),
          fmaRate(pool, threads));
    }
  }

  private static double readBandwidth(ComputePool pool, MemorySegment memory, int readers) {
    long part = memory.byteSize() / readers / STREAMS / 64 * STREAMS * 64;
    AtomicLong guard = new AtomicLong(); // what is read must be used
    long best =
        bestNanos(
            pool,
            readers,
            worker -> guard.addAndGet((long) sum(memory.asSlice(worker * part, part))));
    return guard.get() == Long.MIN_VALUE ? 0 : part * readers * 1e9 / best;
  }

  /** Several streams at once: one alone is bound by the latency of its misses. */
  private static float sum(MemorySegment memory) {
    long stream = memory.byteSize() / STREAMS;
    FloatVector a = FloatVector.zero(Lanes.SPECIES);
    FloatVector b = a;
    for (long at = 0; at < stream; at += Lanes.COUNT * (long) Float.BYTES) {
      a = a.add(Lanes.load(memory, at)).add(Lanes.load(memory, at + 2 * stream));
      b = b.add(Lanes.load(memory, at + stream)).add(Lanes.load(memory, at + 3 * stream));
      a = a.add(Lanes.load(memory, at + 4 * stream)).add(Lanes.load(memory, at + 6 * stream));
      b = b.add(Lanes.load(memory, at + 5 * stream)).add(Lanes.load(memory, at + 7 * stream));
    }
    return a.add(b).reduceLanes(VectorOperators.ADD);
  }

  private static double fmaRate(ComputePool pool, int workers) {
    AtomicLong guard = new AtomicLong();
    long best = bestNanos(pool, workers, worker -> guard.addAndGet((long) chains(FMA_ROUNDS)));
    double operations = 2.0 * FMA_CHAINS * Lanes.COUNT * FMA_ROUNDS * workers;
    return guard.get() == Long.MIN_VALUE ? 0 : operations * 1e9 / best;
  }

  private static float chains(int rounds) {
    FloatVector x = FloatVector.broadcast(Lanes.SPECIES, 0.999f);
    FloatVector y = FloatVector.broadcast(Lanes.SPECIES, 0.001f);
    FloatVector a = x;
    FloatVector b = x;
    FloatVector c = x;
    FloatVector d = x;
    FloatVector e = x;
    FloatVector f = x;
    FloatVector g = x;
    FloatVector h = x;
    FloatVector i = x;
    FloatVector j = x;
    FloatVector k = x;
    FloatVector l = x;
    for (int round = 0; round < rounds; round++) {
      a = a.fma(x, y);
      b = b.fma(x, y);
      c = c.fma(x, y);
      d = d.fma(x, y);
      e = e.fma(x, y);
      f = f.fma(x, y);
      g = g.fma(x, y);
      h = h.fma(x, y);
      i = i.fma(x, y);
      j = j.fma(x, y);
      k = k.fma(x, y);
      l = l.fma(x, y);
    }
    return a.add(b)
        .add(c)
        .add(d)
        .add(e)
        .add(f)
        .add(g)
        .add(h)
        .add(i)
        .add(j)
        .add(k)
        .add(l)
        .reduceLanes(VectorOperators.ADD);
  }

  private static long bestNanos(ComputePool pool, int workers, ComputePool.Task task) {
    long[] nanos = new long[PASSES];
    for (int pass = 0; pass < PASSES; pass++) {
      long before = System.nanoTime();
      pool.run(worker -> {
        if (worker < workers) {
          task.run(worker);
        }
      });
      nanos[pass] = System.nanoTime() - before;
    }
    return Arrays.stream(nanos).min().orElseThrow();
  }
}
