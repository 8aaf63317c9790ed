package dev.baton.platform.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * Requests at a mean rate that does not ask whether earlier ones are answered: a Poisson process,
 * whose next arrival is taken by whichever sender is free. An arrival that finds all of them busy
 * counts its lateness; what a sender's own waking up takes is not counted.
 */
final class OpenLoad {
  private static final int SENDERS = 64;
  private static final String BODY =
      """
      {"model":"default","stream":true,"max_tokens":4,"stream_options":{"include_usage":true},\
      "messages":[{"role":"user","content":"When are you open on Wednesday?"}]}\
      """;

  private final int port;
  private final List<byte[]> requests;
  private final double rate;
  private final RandomGenerator.JumpableGenerator random;

  OpenLoad(int port, List<String> keys, int rate, long seed) {
    this.port = port;
    this.requests = keys.stream().map(key -> ChatConnection.request(key, BODY)).toList();
    this.rate = rate;
    this.random =
        (RandomGenerator.JumpableGenerator)
            RandomGeneratorFactory.of("Xoshiro256PlusPlus").create(seed);
  }

  /**
   * What came of a run.
   *
   * @param nanos sorted, one for each answered request: from when it was due to its first token
   * @param refused requests that got another status than 200
   */
  record Result(long[] nanos, long refused, Duration duration) {
    int answered() {
      return nanos.length;
    }

    double percentileMillis(double percent) {
      int index = (int) Math.ceil(percent / 100 * nanos.length) - 1;
      return nanos.length == 0 ? Double.NaN : nanos[Math.max(0, index)] / 1e4 / 100;
    }

    Map<String, Object> summary() {
      Map<String, Object> summary = new LinkedHashMap<>();
      summary.put("requests", answered());
      summary.put("refused", refused);
      summary.put("perSecond", Math.round(10.0 * answered() / (duration.toMillis() / 1e3)) / 10.0);
      for (double percent : new double[] {50, 90, 99, 99.9, 100}) {
        String name = percent == 100 ? "maxMillis" : "p" + percent + "Millis";
        summary.put(name.replace(".0M", "M"), Math.round(100 * percentileMillis(percent)) / 100.0);
      }
      return summary;
    }
  }

  /** Sends for so long and waits for the last answers. */
  Result run(Duration duration) throws IOException, InterruptedException {
    List<Future<long[]>> parts = new ArrayList<>();
    Arrivals arrivals = new Arrivals(random.copyAndJump(), rate, duration);
    try (ExecutorService senders = Executors.newFixedThreadPool(SENDERS)) {
      for (int i = 0; i < SENDERS; i++) {
        RandomGenerator own = random.copyAndJump();
        parts.add(senders.submit(() -> send(own, arrivals)));
      }
      List<long[]> done = new ArrayList<>();
      for (Future<long[]> part : parts) {
        done.add(part.get());
      }
      long[] all = done.stream().flatMapToLong(Arrays::stream).toArray();
      long[] answered = Arrays.stream(all).filter(nanos -> nanos >= 0).sorted().toArray();
      return new Result(answered, all.length - answered.length, duration);
    } catch (ExecutionException e) {
      throw new IOException("the load generator failed: " + e.getCause(), e);
    }
  }

  /** When requests are due, for all senders. */
  private static final class Arrivals {
    private final RandomGenerator random;
    private final double meanNanos;
    private final long end;
    private long due = System.nanoTime();

    Arrivals(RandomGenerator random, double rate, Duration duration) {
      this.random = random;
      this.meanNanos = 1e9 / rate;
      this.end = due + duration.toNanos();
    }

    /** The next one, on {@link System#nanoTime}'s clock; empty when there is none. */
    synchronized OptionalLong next() {
      due += (long) (-Math.log(1 - random.nextDouble()) * meanNanos);
      return due - end > 0 ? OptionalLong.empty() : OptionalLong.of(due);
    }
  }

  /** Nanoseconds of each request, −1 where it was refused. */
  private long[] send(RandomGenerator random, Arrivals arrivals) throws IOException {
    long[] taken = new long[1024];
    int count = 0;
    try (ChatConnection connection = new ChatConnection(port)) {
      while (true) {
        OptionalLong due = arrivals.next();
        if (due.isEmpty()) {
          return Arrays.copyOf(taken, count);
        }
        if (count == taken.length) {
          taken = Arrays.copyOf(taken, 2 * count);
        }
        long from = awaitDue(due.getAsLong());
        int status = connection.send(requests.get(random.nextInt(requests.size())));
        if (status == 200 && connection.nextToken()) {
          taken[count++] = System.nanoTime() - from;
          connection.finish();
        } else {
          taken[count++] = -1;
        }
      }
    }
  }

  private static long awaitDue(long due) {
    long now = System.nanoTime();
    if (now >= due) {
      return due;
    }
    while (now < due) {
      LockSupport.parkNanos(due - now);
      now = System.nanoTime();
    }
    return now;
  }
}
