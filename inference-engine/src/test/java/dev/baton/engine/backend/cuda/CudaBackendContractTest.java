package dev.baton.engine.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.cuda.CudaSettings;
import dev.baton.cuda.StandIn;
import dev.baton.engine.backend.Backend;
import dev.baton.engine.backend.BackendContract;
import dev.baton.engine.backend.Logits;
import dev.baton.engine.backend.Step;
import dev.baton.engine.backend.Step.Group;
import dev.baton.engine.backend.Step.SequencePart;
import dev.baton.engine.gguf.GgufFile;
import dev.baton.engine.model.ModelConfig;
import dev.baton.engine.model.RandomModelSpec;
import dev.baton.engine.reference.ReferenceModel;
import dev.baton.engine.tensor.TensorType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The CUDA backend over the real JCuda, on the driver stand-in. */
final class CudaBackendContractTest implements BackendContract {

  @BeforeEach
  void loadStandIn() {
    StandIn.require().seed(11);
  }

  @Override
  public Backend open(GgufFile file, ModelConfig config, int blockCount) {
    return open(file, config, blockCount, MAX_ROWS, StandIn.settings());
  }

  private static Backend open(
      GgufFile file, ModelConfig config, int blockCount, int maxRows, CudaSettings settings) {
    long blockBytes = 2L * config.kvDim() * Short.BYTES * config.layerCount() * BLOCK_TOKENS;
    return CudaBackend.open(
        file,
        config,
        new CudaLimits(blockCount * blockBytes, BLOCK_TOKENS, maxRows, maxRows, true),
        settings);
  }

  /**
   * What products read is rounded to bf16, 8 bits: by up to 2⁻⁹ of a value, 2⁻⁹ / √3 = 0.0011 on
   * average, four times a layer and once before the output. Independent roundings keep their size
   * through a product of many terms and add up as squares, to 0.0011 √(4 · 2 + 1) = 0.0034 of a
   * logit's usual size with two layers; the worst of some 10⁵ is 4.4 times that, the logit that it
   * is compared with 3 times the usual: 0.005. Attention up to doubles it, where a rounded row
   * moves the weights of its keys. Seen with models of seeds 1 to 3: 0.008 to 0.010; with a tied
   * embedding, whose residual stream is mostly the token itself, 0.0135 (the contract's), 0.012 and
   * 0.0156. So this holds for the contract's models, closely, and is no bound for others.
   */
  @Override
  public double tolerance() {
    return 0.015;
  }

  /** Products of so many rows are a library's, or the own kernel's for many rows. */
  @ParameterizedTest
  @CsvSource({"BF16, true", "BF16, false", "Q4_K, true", "Q4_K, false"})
  void aStepOfManyRowsEqualsTheReference(TensorType type, boolean library, @TempDir Path folder)
      throws IOException {
    Path path = folder.resolve("model.gguf");
    RandomModelSpec.tiny().type(type).modelDim(256).layerCount(1).writeTo(path);
    CudaSettings standIn = StandIn.settings();
    CudaSettings settings =
        library
            ? standIn
            : new CudaSettings(0, standIn.driver(), standIn.kernels(), folder.resolve("none"));
    try (GgufFile file = GgufFile.open(path);
        Backend backend = open(file, ModelConfig.of(file), 16, 300, settings)) {
      int[] tokens = new Random(9).ints(270, 0, ModelConfig.of(file).vocabSize()).toArray();
      int[] blocks = IntStream.range(0, 9).toArray();
      SequencePart part = new SequencePart(tokens, 0, blocks, 0);
      Logits logits = backend.forward(new Step(List.of(new Group(null, false, List.of(part)))));
      double[][] expected = ReferenceModel.open(file).logits(tokens);
      float[] row = new float[logits.vocabSize()];
      for (int i = 0; i < tokens.length; i++) {
        logits.copyRow(i, row);
        assertThat(BackendContract.difference(row, expected[i])).isLessThan(tolerance());
      }
    }
  }
}
