package dev.baton.engine.backend.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Time of what a step does to single rows between its products, one row on one thread. {@code baton
 * bench ops} runs it.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(0)
public class RowBenchmark {
  private static final float EPSILON = 1e-5f;

  @Param({"2048", "8192"})
  int length;

  private final Arena arena = Arena.ofShared();
  private MemorySegment x = MemorySegment.NULL; // [2 length]
  private MemorySegment y = MemorySegment.NULL; // [length]
  private float[] weight = {};

  /** Fills the rows. */
  @Setup(Level.Trial)
  public void fill() {
    x = arena.allocate(2L * length * Float.BYTES, 64);
    y = arena.allocate((long) length * Float.BYTES, 64);
    weight = new float[length];
    Arrays.fill(weight, 1.5f);
    for (int i = 0; i < 2 * length; i++) {
      x.setAtIndex(ValueLayout.JAVA_FLOAT, i, (i % 17 - 8) / 8f);
    }
  }

  /** RMS norm of a row. */
  @Benchmark
  public MemorySegment rmsNorm() {
    RowKernels.rmsNorm(x, 0, weight, EPSILON, y, 0);
    return y;
  }

  /** SwiGLU of a row. */
  @Benchmark
  public MemorySegment swiGlu() {
    RowKernels.swiGlu(x, 0, length, y, 0, length);
    return y;
  }

  /** Gives the memory back. */
  @TearDown(Level.Trial)
  public void close() {
    arena.close();
  }
}
