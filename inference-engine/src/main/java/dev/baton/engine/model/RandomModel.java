package dev.baton.engine.model;

import dev.baton.engine.gguf.GgufValue;
import dev.baton.engine.gguf.GgufWriter;
import dev.baton.engine.tensor.BlockEncoder;
import dev.baton.engine.tensor.TensorType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Writes models of random weights: real in every respect but what they say. Equal parameters give
 * equal bytes on every machine, so that tests commit checksums instead of models.
 *
 * <p>Weights are drawn by {@link RandomWeights} with standard deviations that keep activations near
 * one: {@code 1/sqrt(columns)} for matrices ({@code qkGain} times that for queries and keys, so
 * that attention is not flat), 1 for an untied embedding, mean 1 and deviation 0.1 for norms.
 */
public final class RandomModel {
  private final RandomModelSpec spec;

  public RandomModel(RandomModelSpec spec) {
    this.spec = spec;
  }

  /**
   * Writes the model; the file appears when it is complete.
   *
   * @throws IOException when the file can not be written
   */
  public void writeTo(Path path) throws IOException {
    GgufWriter file = new GgufWriter();
    describe(file);
    if (spec.tokenizer() == RandomModelSpec.Tokenizer.SPM) {
      RandomVocabulary.writeSentencePiece(file, spec.vocabSize(), spec.seed());
    } else {
      RandomVocabulary.writeBytePairs(file, isLlama(), spec.vocabSize(), spec.seed());
    }
    addTensors(file);
    file.writeTo(path);
  }

  private boolean isLlama() {
    return spec.architecture().equals("llama");
  }

  private void describe(GgufWriter file) {
    String architecture = spec.architecture();
    file.metadata("general.architecture", GgufValue.text(architecture))
        .metadata("general.type", GgufValue.text("model"))
        .metadata(
            "general.name",
            GgufValue.text(
                "random %s %s seed %d".formatted(architecture, spec.type(), spec.seed())))
        .metadata("general.file_type", GgufValue.uint32(fileType(spec.type())))
        .metadata("general.quantization_version", GgufValue.uint32(2))
        .metadata("general.alignment", GgufValue.uint32(GgufWriter.ALIGNMENT));
    number(file, "block_count", spec.layerCount());
    number(file, "context_length", spec.contextLength());
    number(file, "embedding_length", spec.modelDim());
    number(file, "feed_forward_length", spec.ffnDim());
    number(file, "attention.head_count", spec.headCount());
    number(file, "attention.head_count_kv", spec.kvHeadCount());
    number(file, "attention.key_length", spec.headDim());
    number(file, "attention.value_length", spec.headDim());
    file.metadata(
            architecture + ".attention.layer_norm_rms_epsilon",
            GgufValue.float32(spec.rmsEpsilon()))
        .metadata(architecture + ".rope.freq_base", GgufValue.float32(spec.ropeTheta()));
    number(file, "vocab_size", spec.vocabSize());
    if (isLlama()) {
      number(file, "rope.dimension_count", spec.headDim());
    }
  }

  private void number(GgufWriter file, String key, int value) {
    file.metadata(spec.architecture() + "." + key, GgufValue.uint32(value));
  }

  private void addTensors(GgufWriter file) {
    int modelDim = spec.modelDim();
    int queryDim = spec.headCount() * spec.headDim();
    int keyDim = spec.kvHeadCount() * spec.headDim();
    double modelDeviation = deviation(modelDim);
    matrix(
        file,
        "token_embd.weight",
        spec.vocabSize(),
        modelDim,
        spec.tied() ? modelDeviation : 1,
        spec.tied() ? spec.outputType() : spec.embeddingType());
    vector(file, "output_norm.weight", modelDim, 1, 0.1);
    if (!spec.tied()) {
      matrix(file, "output.weight", spec.vocabSize(), modelDim, modelDeviation, spec.outputType());
    }
    for (int layer = 0; layer < spec.layerCount(); layer++) {
      String block = "blk." + layer + ".";
      double attentionDeviation = spec.qkGain() * modelDeviation;
      vector(file, block + "attn_norm.weight", modelDim, 1, 0.1);
      matrix(file, block + "attn_q.weight", queryDim, modelDim, attentionDeviation, spec.type());
      matrix(file, block + "attn_k.weight", keyDim, modelDim, attentionDeviation, spec.type());
      matrix(file, block + "attn_v.weight", keyDim, modelDim, modelDeviation, spec.type());
      if (spec.architecture().equals("qwen2")) {
        vector(file, block + "attn_q.bias", queryDim, 0, 0.2);
        vector(file, block + "attn_k.bias", keyDim, 0, 0.2);
        vector(file, block + "attn_v.bias", keyDim, 0, 0.2);
      }
      if (spec.architecture().equals("qwen3")) {
        vector(file, block + "attn_q_norm.weight", spec.headDim(), 1, 0.1);
        vector(file, block + "attn_k_norm.weight", spec.headDim(), 1, 0.1);
      }
      matrix(
          file, block + "attn_output.weight", modelDim, queryDim, deviation(queryDim), spec.type());
      vector(file, block + "ffn_norm.weight", modelDim, 1, 0.1);
      matrix(file, block + "ffn_gate.weight", spec.ffnDim(), modelDim, modelDeviation, spec.type());
      matrix(file, block + "ffn_up.weight", spec.ffnDim(), modelDim, modelDeviation, spec.type());
      matrix(
          file,
          block + "ffn_down.weight",
          modelDim,
          spec.ffnDim(),
          deviation(spec.ffnDim()),
          spec.type());
    }
    if (spec.ropeFactor() != 0) {
      float[] divisors = ropeDivisors();
      file.tensor(
          "rope_freqs.weight",
          TensorType.F32,
          List.of((long) divisors.length),
          data -> BlockEncoder.quantize(TensorType.F32, divisors, 0, divisors.length, data, 0));
    }
  }

  private void matrix(
      GgufWriter file, String name, int rows, int columns, double deviation, TensorType wanted) {
    TensorType type = storable(wanted, columns);
    file.tensor(
        name,
        type,
        List.of((long) columns, (long) rows),
        data -> RandomWeights.fill(name, spec.seed(), 0, deviation, type, columns, data));
  }

  private void vector(GgufWriter file, String name, int length, double mean, double deviation) {
    file.tensor(
        name,
        TensorType.F32,
        List.of((long) length),
        data ->
            RandomWeights.fill(name, spec.seed(), mean, deviation, TensorType.F32, length, data));
  }

  /** The wanted type, or the nearest whose blocks fill rows of this length. */
  private static TensorType storable(TensorType wanted, int columns) {
    if (columns % wanted.blockElements() == 0) {
      return wanted;
    }
    return columns % TensorType.Q8_0.blockElements() == 0 ? TensorType.Q8_0 : TensorType.F16;
  }

  private static double deviation(int columns) {
    return StrictMath.pow(columns, -0.5);
  }

  /**
   * Divisors of the rotary frequencies as Llama 3.1 has them: long wavelengths are stretched by the
   * factor, short ones kept, those between interpolated.
   */
  private float[] ropeDivisors() {
    double originalContext = 8192;
    double lowFactor = 1;
    double highFactor = 4;
    float[] divisors = new float[spec.headDim() / 2];
    for (int i = 0; i < divisors.length; i++) {
      double wavelength = 2 * Math.PI * StrictMath.pow(spec.ropeTheta(), 2.0 * i / spec.headDim());
      if (wavelength < originalContext / highFactor) {
        divisors[i] = 1;
      } else if (wavelength > originalContext / lowFactor) {
        divisors[i] = (float) spec.ropeFactor();
      } else {
        double smooth = (originalContext / wavelength - lowFactor) / (highFactor - lowFactor);
        divisors[i] = (float) (1 / ((1 - smooth) / spec.ropeFactor() + smooth));
      }
    }
    return divisors;
  }

  /** The value of {@code general.file_type} that tools show as the model's quantisation. */
  private static int fileType(TensorType type) {
    return switch (type) {
      case F32 -> 0;
      case F16 -> 1;
      case Q4_0 -> 2;
      case Q4_1 -> 3;
      case Q8_0 -> 7;
      case Q5_0 -> 8;
      case Q5_1 -> 9;
      case Q4_K -> 15;
      case Q5_K -> 17;
      case Q6_K -> 18;
      case BF16 -> 32;
    };
  }
}
