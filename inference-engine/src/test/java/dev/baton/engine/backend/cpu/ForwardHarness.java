package dev.baton.engine.backend.cpu;

import dev.baton.engine.backend.Logits;
import dev.baton.engine.backend.Step;
import dev.baton.engine.backend.Step.Group;
import dev.baton.engine.backend.Step.SequencePart;
import dev.baton.engine.backend.Step.SystemPart;
import dev.baton.engine.gguf.GgufFile;
import dev.baton.engine.model.ModelConfig;
import dev.baton.engine.model.RandomModelSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * A backend on a random model, with the bookkeeping that a scheduler does: who owns which block.
 */
final class ForwardHarness implements AutoCloseable {
  static final int BLOCK_TOKENS = 32;
  private static final int MAX_ROWS = 512;

  final GgufFile file;
  final ModelConfig config;
  final CpuBackend backend;
  private final List<Integer> free = new ArrayList<>();

  /** Tokens that one sequence has in KV memory, behind its system part. */
  final class Sequence {
    private int[] blocks = new int[0];
    private int length;

    /** These tokens as a part of the next step; all their logits are wanted. */
    SequencePart next(int... tokens) {
      int needed = Math.ceilDiv(length + tokens.length, BLOCK_TOKENS);
      blocks = grow(blocks, needed);
      SequencePart part = new SequencePart(tokens, length, blocks, 0);
      length += tokens.length;
      return part;
    }
  }

  private ForwardHarness(Path path, int threads, int blockCount, KernelChoice kernels) {
    file = GgufFile.open(path);
    config = ModelConfig.of(file);
    backend =
        CpuBackend.open(
            file,
            config,
            new CpuSettings(threads, blockCount, BLOCK_TOKENS, MAX_ROWS, MAX_ROWS, kernels));
    for (int i = 0; i < blockCount; i++) {
      free.add(i);
    }
    Collections.shuffle(free, new Random(3)); // so that runs of blocks are not consecutive
  }

  static ForwardHarness open(RandomModelSpec.Builder model, Path folder) throws IOException {
    return open(model, folder, 2, 160);
  }

  static ForwardHarness open(RandomModelSpec.Builder model, Path folder, KernelSet kernels)
      throws IOException {
    Path path = folder.resolve("model.gguf");
    model.writeTo(path);
    KernelChoice choice = KernelChoice.of(kernels, NativeLibrary.instance());
    return new ForwardHarness(path, 2, 160, choice);
  }

  static ForwardHarness open(
      RandomModelSpec.Builder model, Path folder, int threads, int blockCount) throws IOException {
    Path path = folder.resolve("model.gguf");
    model.writeTo(path);
    return new ForwardHarness(path, threads, blockCount, KernelChoice.here());
  }

  Sequence sequence() {
    return new Sequence();
  }

  /** Computes a system prompt in one step. */
  SystemPart system(int... tokens) {
    Sequence sequence = sequence();
    run(new Group(null, false, List.of(sequence.next(tokens))));
    return new SystemPart(sequence.blocks, tokens.length);
  }

  /** One step; logits by row. */
  float[][] run(Group... groups) {
    Logits logits = backend.forward(new Step(List.of(groups)));
    float[][] rows = new float[logits.rowCount()][logits.vocabSize()];
    for (int i = 0; i < rows.length; i++) {
      logits.copyRow(i, rows[i]);
    }
    return rows;
  }

  /** One sequence in one step; logits by token. */
  float[][] run(@Nullable SystemPart system, boolean relay, Sequence sequence, int... tokens) {
    return run(new Group(system, relay, List.of(sequence.next(tokens))));
  }

  int[] randomTokens(Random random, int count) {
    return random.ints(count, 0, config.vocabSize()).toArray();
  }

  private int[] grow(int[] blocks, int count) {
    int[] grown = Arrays.copyOf(blocks, Math.max(count, blocks.length));
    for (int i = blocks.length; i < grown.length; i++) {
      grown[i] = free.removeLast();
    }
    return grown;
  }

  @Override
  public void close() {
    backend.close();
    file.close();
  }

  static int argmax(float[] logits) {
    int best = 0;
    for (int i = 1; i < logits.length; i++) {
      best = logits[i] > logits[best] ? i : best;
    }
    return best;
  }

  /** Largest difference over the largest magnitude of the reference. */
  static double difference(float[] actual, double[] reference) {
    double difference = 0;
    double magnitude = 0;
    for (int i = 0; i < reference.length; i++) {
      double distance = Math.abs(actual[i] - reference[i]);
      difference = Double.isNaN(distance) ? Double.NaN : Math.max(difference, distance);
      magnitude = Math.max(magnitude, Math.abs(reference[i]));
    }
    return difference / magnitude;
  }

  static double difference(float[] actual, float[] reference) {
    double[] exact = new double[reference.length];
    Arrays.setAll(exact, i -> reference[i]);
    return difference(actual, exact);
  }
}
