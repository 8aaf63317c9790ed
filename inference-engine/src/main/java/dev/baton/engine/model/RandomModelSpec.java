package dev.baton.engine.model;

import dev.baton.engine.tensor.TensorType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link RandomModel} looks like. Start from a preset and change what matters:
 *
 * <pre>{@code
 * RandomModelSpec.tiny().architecture("qwen3").type(TensorType.Q4_K).tied(true).writeTo(path)
 * }</pre>
 *
 * @param architecture {@code llama}, {@code qwen2} or {@code qwen3}
 * @param tokenizer qwen models have {@link Tokenizer#BPE}
 * @param type of the matrices; those whose rows it does not fit get Q8_0 or F16
 * @param outputType of the output matrix, or of the embedding when it is tied
 * @param embeddingType of an untied embedding
 * @param qkGain deviation of query and key weights over that of the others
 * @param tied whether the embedding is also the output matrix
 * @param ropeFactor adds the rotary frequency divisors of Llama 3.1 with this factor; 0 adds none
 */
public record RandomModelSpec(
    String architecture,
    Tokenizer tokenizer,
    TensorType type,
    TensorType outputType,
    TensorType embeddingType,
    int layerCount,
    int modelDim,
    int headCount,
    int kvHeadCount,
    int headDim,
    int ffnDim,
    int vocabSize,
    int contextLength,
    double ropeTheta,
    double rmsEpsilon,
    double qkGain,
    boolean tied,
    double ropeFactor,
    long seed) {

  /** The kind of vocabulary. */
  public enum Tokenizer {
    /** SentencePiece-style with scores, as Llama 2. */
    SPM,
    /** Byte-level BPE with merges, as Llama 3 and Qwen. */
    BPE
  }

  public RandomModelSpec {
    if (!List.of("llama", "qwen2", "qwen3").contains(architecture)) {
      throw new IllegalArgumentException(
          "architecture must be llama, qwen2 or qwen3, not " + architecture);
    }
    if (tokenizer == Tokenizer.SPM && !architecture.equals("llama")) {
      throw new IllegalArgumentException(architecture + " models have the BPE tokenizer");
    }
    Objects.requireNonNull(type);
    Objects.requireNonNull(outputType);
    Objects.requireNonNull(embeddingType);
    if (Math.min(Math.min(layerCount, modelDim), Math.min(ffnDim, contextLength)) < 1) {
      throw new IllegalArgumentException("layers, dimensions and context must be at least 1");
    }
    if (headDim < 2 || headDim % 2 != 0 || kvHeadCount < 1 || headCount % kvHeadCount != 0) {
      throw new IllegalArgumentException(
          "head dimension %d must be even, and %d heads a multiple of %d KV heads"
              .formatted(headDim, headCount, kvHeadCount));
    }
  }

  /** About 0.2 M parameters, context 512: for tests of the whole forward pass. */
  public static Builder tiny() {
    return new Builder(3, 64, 8, 4, 160, 512, 512);
  }

  /** About 4 M parameters, context 2048. */
  public static Builder small() {
    return new Builder(4, 256, 8, 2, 768, 2048, 2048);
  }

  /** The model of a first start: small, with a context that holds real system prompts. */
  public static Builder chat() {
    return small().contextLength(4096);
  }

  /**
   * Collects parameters. Those not set have the preset's values, and otherwise: llama, BPE, Q8_0,
   * untied, seed 1, head dimension {@code modelDim / headCount}, an embedding of the matrices'
   * type, and an output matrix of that type too, but Q6_K beside Q4_0 and Q4_K.
   */
  public static final class Builder {
    private String architecture = "llama";
    private Tokenizer tokenizer = Tokenizer.BPE;
    private TensorType type = TensorType.Q8_0;
    private @Nullable TensorType outputType;
    private @Nullable TensorType embeddingType;
    private int layerCount;
    private int modelDim;
    private int headCount;
    private int kvHeadCount;
    private int headDim;
    private int ffnDim;
    private int vocabSize;
    private int contextLength;
    private double ropeTheta = 10000;
    private double rmsEpsilon = 1e-5;
    private double qkGain = 1.5;
    private boolean tied;
    private double ropeFactor;
    private long seed = 1;

    private Builder(
        int layerCount,
        int modelDim,
        int headCount,
        int kvHeadCount,
        int ffnDim,
        int vocabSize,
        int contextLength) {
      this.layerCount = layerCount;
      this.modelDim = modelDim;
      this.headCount = headCount;
      this.kvHeadCount = kvHeadCount;
      this.ffnDim = ffnDim;
      this.vocabSize = vocabSize;
      this.contextLength = contextLength;
    }

    public Builder architecture(String architecture) {
      this.architecture = architecture;
      return this;
    }

    public Builder tokenizer(Tokenizer tokenizer) {
      this.tokenizer = tokenizer;
      return this;
    }

    public Builder type(TensorType type) {
      this.type = type;
      return this;
    }

    public Builder outputType(TensorType outputType) {
      this.outputType = outputType;
      return this;
    }

    public Builder embeddingType(TensorType embeddingType) {
      this.embeddingType = embeddingType;
      return this;
    }

    public Builder layerCount(int layerCount) {
      this.layerCount = layerCount;
      return this;
    }

    public Builder modelDim(int modelDim) {
      this.modelDim = modelDim;
      return this;
    }

    public Builder headCount(int headCount) {
      this.headCount = headCount;
      return this;
    }

    public Builder kvHeadCount(int kvHeadCount) {
      this.kvHeadCount = kvHeadCount;
      return this;
    }

    public Builder headDim(int headDim) {
      this.headDim = headDim;
      return this;
    }

    public Builder ffnDim(int ffnDim) {
      this.ffnDim = ffnDim;
      return this;
    }

    public Builder vocabSize(int vocabSize) {
      this.vocabSize = vocabSize;
      return this;
    }

    public Builder contextLength(int contextLength) {
      this.contextLength = contextLength;
      return this;
    }

    public Builder ropeTheta(double ropeTheta) {
      this.ropeTheta = ropeTheta;
      return this;
    }

    public Builder rmsEpsilon(double rmsEpsilon) {
      this.rmsEpsilon = rmsEpsilon;
      return this;
    }

    public Builder qkGain(double qkGain) {
      this.qkGain = qkGain;
      return this;
    }

    public Builder tied(boolean tied) {
      this.tied = tied;
      return this;
    }

    public Builder ropeFactor(double ropeFactor) {
      this.ropeFactor = ropeFactor;
      return this;
    }

    public Builder seed(long seed) {
      this.seed = seed;
      return this;
    }

    public RandomModelSpec build() {
      boolean fourBits = type == TensorType.Q4_0 || type == TensorType.Q4_K;
      TensorType usualOutput = fourBits ? TensorType.Q6_K : type;
      return new RandomModelSpec(
          architecture,
          tokenizer,
          type,
          outputType != null ? outputType : usualOutput,
          embeddingType != null ? embeddingType : type,
          layerCount,
          modelDim,
          headCount,
          kvHeadCount,
          headDim != 0 ? headDim : modelDim / headCount,
          ffnDim,
          vocabSize,
          contextLength,
          ropeTheta,
          rmsEpsilon,
          qkGain,
          tied,
          ropeFactor,
          seed);
    }

    /** Builds and writes the model. */
    public void writeTo(Path path) throws IOException {
      new RandomModel(build()).writeTo(path);
    }
  }
}
