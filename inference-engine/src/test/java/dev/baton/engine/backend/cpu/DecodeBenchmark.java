package dev.baton.engine.backend.cpu;

import dev.baton.engine.backend.Step;
import dev.baton.engine.backend.Step.Group;
import dev.baton.engine.backend.Step.SequencePart;
import dev.baton.engine.backend.Step.SystemPart;
import dev.baton.engine.gguf.GgufFile;
import dev.baton.engine.model.ModelConfig;
import dev.baton.engine.model.RandomModelSpec;
import dev.baton.engine.tensor.TensorType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Decode of B sequences behind one system prompt of S tokens: tokens a second and the time of
 * attention, with relay on, off, and as the cost model decides. The variants take turns step by
 * step, so that a disturbed machine disturbs them alike; the minimum of the steps is printed.
 *
 * <pre>
 * . .mvn/jdk.sh && mvn -q -pl inference-engine -am test-compile
 * "$JAVA_HOME/bin/java" --add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED -Xmx2g \
 *   -cp inference-engine/target/classes:inference-engine/target/test-classes \
 *   dev.baton.engine.backend.cpu.DecodeBenchmark [MODEL] [STEPS] [THREADS] [S,...] [B,...]
 * </pre>
 *
 * <p>MODEL is a GGUF file, or one of the shapes {@code heads} (the attention of a one-billion
 * parameter Llama, 4 layers, with little else; the default), {@code 1b} (all of it, Q8_0) and
 * {@code 110m} (12 layers, 12/4 heads of 64, Q8_0), which are written to the temporary folder.
 */
final class DecodeBenchmark {
  private static final int REQUEST_TOKENS = 64;
  private static final String[] VARIANTS = {"on", "off", "auto"};

  private final CpuBackend backend;
  private final ModelConfig config;
  private final int steps;
  private final int maxRows;
  private int blocksUsed;

  private DecodeBenchmark(CpuBackend backend, ModelConfig config, int steps, int maxRows) {
    this.backend = backend;
    this.config = config;
    this.steps = steps;
    this.maxRows = maxRows;
  }

  public static void main(String[] args) throws IOException {
    Path path = model(args.length > 0 ? args[0] : "heads");
    int steps = args.length > 1 ? Integer.parseInt(args[1]) : 10;
    int threads = args.length > 2 ? Integer.parseInt(args[2]) : 2;
    int[] systemLengths = numbers(args.length > 3 ? args[3] : "512,2048");
    int[] batches = numbers(args.length > 4 ? args[4] : "1,8,32");
    int maxRows = 256;
    int largest = Arrays.stream(batches).max().orElseThrow();
    int longest = Arrays.stream(systemLengths).max().orElseThrow();
    int blocks = Math.ceilDiv(longest, 32) + largest * Math.ceilDiv(REQUEST_TOKENS + 3 * steps, 32);
    try (GgufFile file = GgufFile.open(path)) {
      ModelConfig config = ModelConfig.of(file);
      CpuSettings settings = new CpuSettings(threads, blocks + 1, 32, maxRows, largest);
      try (CpuBackend backend = CpuBackend.open(file, config, settings)) {
        DecodeBenchmark benchmark = new DecodeBenchmark(backend, config, steps, maxRows);
        System.out.println("   S    B relay  tokens/s  step ms  attention ms");
        for (int systemTokens : systemLengths) {
          for (int batch : batches) {
            benchmark.measure(systemTokens, batch);
          }
        }
      }
    }
  }

  private void measure(int systemTokens, int batch) {
    blocksUsed = 0;
    int[] systemBlocks = blocksFor(systemTokens);
    prefill(systemBlocks, null, systemTokens);
    SystemPart system = new SystemPart(systemBlocks, systemTokens);
    List<int[]> requests = new ArrayList<>();
    for (int i = 0; i < batch; i++) {
      int[] blocks = blocksFor(REQUEST_TOKENS + VARIANTS.length * steps);
      prefill(blocks, system, REQUEST_TOKENS);
      requests.add(blocks);
    }
    long[] stepNanos = new long[VARIANTS.length];
    long[] attentionNanos = new long[VARIANTS.length];
    Arrays.fill(stepNanos, Long.MAX_VALUE);
    Arrays.fill(attentionNanos, Long.MAX_VALUE);
    int length = REQUEST_TOKENS;
    for (int i = 0; i < steps * VARIANTS.length; i++) {
      int variant = i % VARIANTS.length;
      boolean relay =
          switch (variant) {
            case 0 -> true;
            case 1 -> false;
            default -> backend.relayCostModel().relayPays(batch, batch, systemTokens);
          };
      List<SequencePart> parts = new ArrayList<>();
      for (int[] blocks : requests) {
        parts.add(new SequencePart(new int[] {i % config.vocabSize()}, length, blocks, 0));
      }
      long attentionBefore = backend.attentionNanos();
      long before = System.nanoTime();
      backend.forward(new Step(List.of(new Group(system, relay, parts))));
      stepNanos[variant] = Math.min(stepNanos[variant], System.nanoTime() - before);
      attentionNanos[variant] =
          Math.min(attentionNanos[variant], backend.attentionNanos() - attentionBefore);
      length++;
    }
    for (int variant = 0; variant < VARIANTS.length; variant++) {
      System.out.printf(
          "%4d %4d %5s %9.1f %8.2f %13.3f%n",
          systemTokens,
          batch,
          VARIANTS[variant],
          batch * 1e9 / stepNanos[variant],
          stepNanos[variant] / 1e6,
          attentionNanos[variant] / 1e6);
    }
  }

  private void prefill(int[] blocks, @Nullable SystemPart system, int tokenCount) {
    for (int from = 0; from < tokenCount; from += maxRows) {
      int[] tokens = new int[Math.min(maxRows, tokenCount - from)];
      Arrays.setAll(tokens, i -> (i * 31 + blocks[0]) % config.vocabSize());
      SequencePart part = new SequencePart(tokens, from, blocks, tokens.length);
      backend.forward(new Step(List.of(new Group(system, false, List.of(part)))));
    }
  }

  private int[] blocksFor(int tokens) {
    int[] blocks = new int[Math.ceilDiv(tokens, 32)];
    Arrays.setAll(blocks, i -> blocksUsed + i);
    blocksUsed += blocks.length;
    return blocks;
  }

  private static int[] numbers(String list) {
    return Arrays.stream(list.split(",")).mapToInt(Integer::parseInt).toArray();
  }

  private static Path model(String name) throws IOException {
    RandomModelSpec.Builder shape = RandomModelSpec.tiny().headDim(64).contextLength(8192);
    switch (name) {
      case "heads" ->
          shape
              .headCount(32)
              .kvHeadCount(8)
              .layerCount(4)
              .modelDim(256)
              .ffnDim(256)
              .vocabSize(512)
              .type(TensorType.F32);
      case "1b" ->
          shape
              .headCount(32)
              .kvHeadCount(8)
              .layerCount(16)
              .modelDim(2048)
              .ffnDim(8192)
              .vocabSize(32_000)
              .tied(true);
      case "110m" ->
          shape
              .headCount(12)
              .kvHeadCount(4)
              .layerCount(12)
              .modelDim(768)
              .ffnDim(2048)
              .vocabSize(32_000)
              .tied(true);
      default -> {
        return Path.of(name);
      }
    }
    Path path = Path.of(System.getProperty("java.io.tmpdir"), "baton-benchmark-" + name + ".gguf");
    if (Files.notExists(path)) {
      shape.writeTo(path);
    }
    return path;
  }
}
