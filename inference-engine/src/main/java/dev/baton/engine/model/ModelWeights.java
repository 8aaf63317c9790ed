package dev.baton.engine.model;

import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.gguf.GgufFile;
import dev.baton.engine.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which tensor of a file is which weight, shapes checked. Matrices are {@code [outputs, inputs]}
 * row-major; they stay in the file's mapping. Vectors are f32 copies.
 *
 * @param embedding {@code [vocabSize, modelDim]}
 * @param outputNorm {@code [modelDim]}
 * @param output {@code [vocabSize, modelDim]}; the embedding itself when tied
 * @param ropeDivisors {@code [headDim / 2]}, or empty for none
 */
@SuppressWarnings("ArrayRecordComponent") // weights are read-only and never compared
public record ModelWeights(
    Tensor embedding, List<Layer> layers, float[] outputNorm, Tensor output, float[] ropeDivisors) {
  public ModelWeights {
    layers = List.copyOf(layers);
  }

  /**
   * One layer. Biases and the norms of query and key heads are null where the model has none.
   *
   * @param query {@code [queryDim, modelDim]}
   * @param key {@code [kvDim, modelDim]}
   * @param value {@code [kvDim, modelDim]}
   * @param attentionOutput {@code [modelDim, queryDim]}
   * @param gate {@code [ffnDim, modelDim]}
   * @param up {@code [ffnDim, modelDim]}
   * @param down {@code [modelDim, ffnDim]}
   * @param qkvBias {@code [queryDim + 2 kvDim]}
   * @param queryNorm {@code [headDim]}
   * @param keyNorm {@code [headDim]}
   * @param attentionOutputBias {@code [modelDim]}
   */
  public record Layer(
      float[] attentionNorm,
      Tensor query,
      Tensor key,
      Tensor value,
      float @Nullable [] qkvBias,
      float @Nullable [] queryNorm,
      float @Nullable [] keyNorm,
      Tensor attentionOutput,
      float @Nullable [] attentionOutputBias,
      float[] ffnNorm,
      Tensor gate,
      Tensor up,
      Tensor down) {}

  /**
   * Finds all weights of a model.
   *
   * @throws EngineException {@link ErrorCode#MODEL_FILE_INVALID} for a tensor that is missing or of
   *     another shape
   */
  public static ModelWeights of(GgufFile file, ModelConfig config) {
    int dim = config.modelDim();
    int queryDim = config.queryDim();
    int kvDim = config.kvDim();
    List<Layer> layers = new ArrayList<>();
    for (int i = 0; i < config.layerCount(); i++) {
      String name = "blk." + i + ".";
      boolean norm = config.queryKeyNorm();
      layers.add(
          new Layer(
              vector(file, name + "attn_norm.weight", dim),
              matrix(file, name + "attn_q.weight", queryDim, dim),
              matrix(file, name + "attn_k.weight", kvDim, dim),
              matrix(file, name + "attn_v.weight", kvDim, dim),
              config.attentionBias() ? qkvBias(file, name, queryDim, kvDim) : null,
              norm ? vector(file, name + "attn_q_norm.weight", config.headDim()) : null,
              norm ? vector(file, name + "attn_k_norm.weight", config.headDim()) : null,
              matrix(file, name + "attn_output.weight", dim, queryDim),
              file.findTensor(name + "attn_output.bias") == null
                  ? null
                  : vector(file, name + "attn_output.bias", dim),
              vector(file, name + "ffn_norm.weight", dim),
              matrix(file, name + "ffn_gate.weight", config.ffnDim(), dim),
              matrix(file, name + "ffn_up.weight", config.ffnDim(), dim),
              matrix(file, name + "ffn_down.weight", dim, config.ffnDim())));
    }
    String output = config.tiedEmbeddings() ? "token_embd.weight" : "output.weight";
    return new ModelWeights(
        matrix(file, "token_embd.weight", config.vocabSize(), dim),
        layers,
        vector(file, "output_norm.weight", dim),
        matrix(file, output, config.vocabSize(), dim),
        file.findTensor("rope_freqs.weight") == null
            ? new float[0]
            : vector(file, "rope_freqs.weight", config.headDim() / 2));
  }

  private static float[] qkvBias(GgufFile file, String layer, int queryDim, int kvDim) {
    float[] bias = new float[queryDim + 2 * kvDim];
    System.arraycopy(vector(file, layer + "attn_q.bias", queryDim), 0, bias, 0, queryDim);
    System.arraycopy(vector(file, layer + "attn_k.bias", kvDim), 0, bias, queryDim, kvDim);
    System.arraycopy(vector(file, layer + "attn_v.bias", kvDim), 0, bias, queryDim + kvDim, kvDim);
    return bias;
  }

  private static Tensor matrix(GgufFile file, String name, int outputs, int inputs) {
    Tensor tensor = file.tensor(name);
    requireShape(tensor, List.of((long) inputs, (long) outputs));
    return tensor;
  }

  private static float[] vector(GgufFile file, String name, int length) {
    Tensor tensor = file.tensor(name);
    requireShape(tensor, List.of((long) length));
    return tensor.toFloats();
  }

  private static void requireShape(Tensor tensor, List<Long> expected) {
    if (!tensor.shape().equals(expected)) {
      throw new EngineException(
          ErrorCode.MODEL_FILE_INVALID,
          "tensor '%s': expected shape %s, found %s. Get the file again from its source."
              .formatted(tensor.name(), expected, tensor.shape()));
    }
  }
}
