package dev.baton.engine.backend.cpu;

import dev.baton.engine.backend.Step;
import dev.baton.engine.backend.Step.Group;
import dev.baton.engine.backend.Step.SequencePart;
import dev.baton.engine.backend.Step.SystemPart;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
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
 * Time of one layer's attention, 32 query and 8 KV heads of 64: sequences of {@value #OWN} own
 * tokens, relayed over a shared part. {@code baton bench ops} runs it.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(0)
public class AttentionBenchmark {
  /** Own tokens of each sequence. */
  public static final int OWN = 32;

  private static final int BLOCK = CpuSettings.DEFAULT_BLOCK_TOKENS;

  @Param({"512", "2048"})
  int shared;

  @Param({"1", "8", "32"})
  int rows;

  @Param("1")
  int threads;

  private @Nullable AttentionOperator operator;

  /** Fills keys and values and plans the step. */
  @Setup(Level.Trial)
  public void fill() {
    int[] system = blocks(0, shared);
    int used = system.length;
    List<SequencePart> sequences = new ArrayList<>();
    for (int i = 0; i < rows; i++) {
      int[] own = blocks(used, OWN);
      used += own.length;
      sequences.add(new SequencePart(new int[1], OWN - 1, own, 0));
    }
    AttentionOperator made = new AttentionOperator(32, 8, 64, threads, used, rows, 1);
    made.prepare(new Step(List.of(new Group(new SystemPart(system, shared), rows > 1, sequences))));
    operator = made;
  }

  private static int[] blocks(int from, int tokens) {
    int[] blocks = new int[Math.ceilDiv(tokens, BLOCK)];
    Arrays.setAll(blocks, i -> from + i);
    return blocks;
  }

  /** One layer. */
  @Benchmark
  public float attend() {
    AttentionOperator own = Objects.requireNonNull(operator);
    own.compute();
    return own.result(0, 0);
  }

  /** Ends the threads. */
  @TearDown(Level.Trial)
  public void close() {
    Objects.requireNonNull(operator).close();
  }
}
