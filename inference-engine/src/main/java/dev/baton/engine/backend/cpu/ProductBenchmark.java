package dev.baton.engine.backend.cpu;

import dev.baton.engine.tensor.BlockEncoder;
import dev.baton.engine.tensor.Tensor;
import dev.baton.engine.tensor.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Time of one product, over weights that do not fit the caches (the large shape) or do (the small
 * one). Bytes of weights over the time are the bandwidth, 2 rows N K over it the arithmetic. {@code
 * baton bench ops} runs it.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(0)
public class ProductBenchmark {
  private static final int RUN = 1 << 16; // elements that repeat, as encoding is slow
  private static final long CACHES_BYTES = 100L << 20;

  @Param({"8192x2048", "1024x256"})
  String shape = "";

  @Param TensorType type = TensorType.Q8_0;

  @Param({"1", "2", "4", "8", "32", "128", "512"})
  int rows;

  @Param("1")
  int threads;

  private @Nullable ComputePool pool;
  private final Arena arena = Arena.ofShared();
  private Linear[] layers = {};
  private int next;
  private MemorySegment x = MemorySegment.NULL;
  private MemorySegment y = MemorySegment.NULL;

  /** Fills weights and activations. */
  @Setup(Level.Trial)
  public void fill() {
    pool = new ComputePool(threads);
    int split = shape.indexOf('x');
    int outputs = Integer.parseInt(shape.substring(0, split));
    int inputs = Integer.parseInt(shape.substring(split + 1));
    Random random = new Random(1);
    float[] values = new float[RUN];
    for (int i = 0; i < RUN; i++) {
      values[i] = (float) random.nextGaussian();
    }
    MemorySegment run = arena.allocate(type.sizeBytes(RUN), 64);
    BlockEncoder.quantize(type, values, 0, RUN, run, 0);
    long bytes = type.sizeBytes((long) outputs * inputs);
    layers = new Linear[bytes > 1 << 20 ? (int) Math.ceilDiv(CACHES_BYTES, bytes) : 1];
    for (int i = 0; i < layers.length; i++) {
      MemorySegment data = arena.allocate(bytes, 64);
      for (long at = 0; at < bytes; at += run.byteSize()) {
        MemorySegment.copy(run, 0, data, at, Math.min(run.byteSize(), bytes - at));
      }
      layers[i] = layer(new Tensor("w", type, List.of((long) inputs, (long) outputs), data));
    }
    x = arena.allocate((long) rows * inputs * Float.BYTES, 64);
    for (int i = 0; i < rows * inputs; i++) {
      x.setAtIndex(ValueLayout.JAVA_FLOAT, i, values[i % RUN]);
    }
    y = arena.allocate((long) rows * outputs * Float.BYTES, 64);
  }

  /** With the kernels that this machine computes with. */
  private Linear layer(Tensor weight) {
    KernelSet set = KernelChoice.here().set();
    return set.isNative()
        ? new NativeLinear(
            new NativeKernels(set, arena), Objects.requireNonNull(pool), arena, List.of(weight))
        : VectorLinear.of(weight);
  }

  /** One product. */
  @Benchmark
  public MemorySegment multiply() {
    layers[next].multiply(Objects.requireNonNull(pool), x, rows, y);
    next = (next + 1) % layers.length;
    return y;
  }

  /** Ends the threads. */
  @TearDown(Level.Trial)
  public void close() {
    Objects.requireNonNull(pool).close();
    arena.close();
  }
}
