package dev.baton.engine.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.baton.engine.backend.Step;
import dev.baton.engine.backend.Step.Group;
import dev.baton.engine.backend.Step.SequencePart;
import dev.baton.engine.backend.Step.SystemPart;
import dev.baton.engine.model.RandomModelSpec;
import dev.baton.engine.tensor.TensorType;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a decode step allocates on the Java heap, counted by the JVM for each thread. */
class StepAllocationTest {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private static final int SEQUENCES = 32;
  private static final int LAYERS = 6;

  /**
   * The attention's plan, once a step: parts, ranges and lists. Native layers allocate nothing.
   * Some 320 to 400 bytes a sequence were seen, by what the JIT keeps off the heap in that run.
   */
  private static final long PLAN_BYTES = 512 * SEQUENCES;

  /** The Vector API's kernels make tasks and some vectors on the heap. */
  private static final long VECTOR_LAYER_BYTES = 8 << 10;

  /** Until all is compiled: what is interpreted allocates vectors and boxes. */
  private static final int MOST_ROUNDS = 1_000;

  private static final int STEPS_PER_ROUND = 20;

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aStepAllocatesItsPlanAndNothingForItsLayers(boolean relay) throws IOException {
    for (KernelSet kernels : TestKernels.available()) {
      long most = PLAN_BYTES + (kernels.isNative() ? 0 : LAYERS * VECTOR_LAYER_BYTES);
      assertThat(bytesPerStep(kernels, relay, most)).as(kernels.title()).isLessThanOrEqualTo(most);
    }
  }

  /** Of the first round of steps that keeps to {@code most}, else of the most frugal one. */
  private long bytesPerStep(KernelSet kernels, boolean relay, long most) throws IOException {
    RandomModelSpec.Builder model =
        RandomModelSpec.tiny().type(TensorType.Q8_0).layerCount(LAYERS).headDim(64);
    try (ForwardHarness harness = ForwardHarness.open(model, folder, kernels)) {
      Random random = new Random(5);
      SystemPart system = harness.system(harness.randomTokens(random, 100));
      List<SequencePart> parts = new ArrayList<>();
      for (int i = 0; i < SEQUENCES; i++) {
        ForwardHarness.Sequence sequence = harness.sequence();
        harness.run(system, false, sequence, harness.randomTokens(random, 3));
        parts.add(sequence.next(random.nextInt(100)));
      }
      Step step = new Step(List.of(new Group(system, relay, parts)));
      long least = Long.MAX_VALUE;
      for (int round = 0; round < MOST_ROUNDS && least > most; round++) {
        long before = allocatedBytes();
        for (int i = 0; i < STEPS_PER_ROUND; i++) {
          harness.backend.forward(step);
        }
        least = Math.min(least, (allocatedBytes() - before) / STEPS_PER_ROUND);
      }
      return least;
    }
  }

  /** By this thread and all that compute, so far. */
  private static long allocatedBytes() {
    long bytes = THREADS.getCurrentThreadAllocatedBytes();
    for (ThreadInfo thread : THREADS.getThreadInfo(THREADS.getAllThreadIds())) {
      if (thread != null && thread.getThreadName().startsWith("compute-")) {
        bytes += Math.max(0, THREADS.getThreadAllocatedBytes(thread.getThreadId()));
      }
    }
    return bytes;
  }
}
