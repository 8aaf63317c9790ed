package dev.baton.engine.bench;

/**
 * Runs that are not measured, until they get no faster: the JVM compiles what a step is made of for
 * seconds, on the cores that compute.
 */
final class WarmUp {
  private static final long WINDOW_NANOS = 1_000_000_000;
  private static final long MOST_NANOS = 15_000_000_000L;
  private static final double STEADY = 0.97;

  private WarmUp() {}

  /** Repeats {@code run} until a second of it is not 3 % faster than the one before. */
  static void of(Runnable run) {
    long begun = System.nanoTime();
    double before = Double.MAX_VALUE;
    while (System.nanoTime() - begun < MOST_NANOS) {
      Samples window = new Samples();
      long opened = System.nanoTime();
      long last = opened;
      do {
        run.run();
        long now = System.nanoTime();
        window.add(now - last);
        last = now;
      } while (last - opened < WINDOW_NANOS);
      if (window.median() > STEADY * before) {
        return;
      }
      before = window.median();
    }
  }
}
