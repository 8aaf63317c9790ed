package dev.baton.engine.model;

import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.gguf.GgufFile;
import dev.baton.engine.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * The shape of a decoder-only transformer, read from a GGUF file and checked.
 *
 * @param architecture {@code llama}, {@code qwen2} or {@code qwen3}
 * @param modelDim width of the residual stream
 * @param ffnDim width of the feed-forward part
 * @param headCount query heads
 * @param kvHeadCount key/value heads, a divisor of {@code headCount}
 * @param headDim width of a head, even
 * @param contextLength positions the model was made for
 * @param ropeBase base of the rotary frequencies
 * @param attentionBias whether query, key and value projections have biases
 * @param queryKeyNorm whether each query and key head is normed before it is rotated
 * @param tiedEmbeddings whether the embedding is the output matrix too
 */
public record ModelConfig(
    String architecture,
    int layerCount,
    int modelDim,
    int ffnDim,
    int headCount,
    int kvHeadCount,
    int headDim,
    int vocabSize,
    int contextLength,
    float rmsEpsilon,
    double ropeBase,
    RopeStyle ropeStyle,
    RopeScaling ropeScaling,
    boolean attentionBias,
    boolean queryKeyNorm,
    boolean tiedEmbeddings) {

  private static final String SERVED_BIASES = "blk\\.\\d+\\.attn_(q|k|v|output)\\.bias";

  public ModelConfig {
    List<String> faults = new ArrayList<>();
    requirePositive(faults, "block_count", layerCount);
    requirePositive(faults, "embedding_length", modelDim);
    requirePositive(faults, "feed_forward_length", ffnDim);
    requirePositive(faults, "attention.head_count", headCount);
    requirePositive(faults, "attention.head_count_kv", kvHeadCount);
    requirePositive(faults, "vocabulary size", vocabSize);
    requirePositive(faults, "context_length", contextLength);
    if (headCount > 0 && kvHeadCount > 0 && headCount % kvHeadCount != 0) {
      faults.add(
          "attention.head_count %d is no multiple of attention.head_count_kv %d"
              .formatted(headCount, kvHeadCount));
    }
    if (headDim < 2 || headDim % 2 != 0) {
      faults.add("head dimension must be positive and even, found " + headDim);
    }
    if (!(rmsEpsilon > 0 && rmsEpsilon < 1)) {
      faults.add("attention.layer_norm_rms_epsilon must be in (0, 1), found " + rmsEpsilon);
    }
    if (!(ropeBase > 0 && Double.isFinite(ropeBase))) {
      faults.add("rope.freq_base must be positive, found " + ropeBase);
    }
    if (!faults.isEmpty()) {
      throw new EngineException(
          ErrorCode.MODEL_FILE_INVALID,
          "the model's metadata is damaged: %s. Get the file again from its source."
              .formatted(String.join("; ", faults)));
    }
  }

  /** Query heads that read one key/value head. */
  public int headsPerKvHead() {
    return headCount / kvHeadCount;
  }

  /** Width of all query heads. */
  public int queryDim() {
    return headCount * headDim;
  }

  /** Width of all key (or value) heads. */
  public int kvDim() {
    return kvHeadCount * headDim;
  }

  /**
   * Reads the configuration of a model.
   *
   * @throws EngineException {@link ErrorCode#MODEL_FILE_INVALID} for missing or senseless fields,
   *     {@link ErrorCode#MODEL_UNSUPPORTED} for models of a kind that is not served; all reasons of
   *     the latter are listed
   */
  public static ModelConfig of(GgufFile file) {
    String architecture = file.string("general.architecture");
    RopeStyle ropeStyle =
        switch (architecture) {
          case "llama" -> RopeStyle.ADJACENT;
          case "qwen2", "qwen3" -> RopeStyle.HALVES;
          default ->
              throw unsupported(
                  List.of(
                      "architecture '%s' is not one of llama, qwen2, qwen3"
                          .formatted(architecture)));
        };
    String prefix = architecture + ".";
    int modelDim = file.integer(prefix + "embedding_length");
    int headCount = file.integer(prefix + "attention.head_count");
    int contextLength = file.integer(prefix + "context_length");
    Tensor embedding = file.tensor("token_embd.weight");
    List<String> reasons = new ArrayList<>();
    int headDim = headDim(file, prefix, modelDim, headCount, reasons);
    RopeScaling scaling = checkedRopeScaling(file, prefix, reasons);
    refuseOtherKinds(file, prefix, contextLength, reasons);
    int vocabSize = embedding.rows();
    int declaredVocab = file.integer(prefix + "vocab_size", vocabSize);
    if (declaredVocab != vocabSize) {
      reasons.add(
          "vocab_size is %d, but token_embd.weight has %d rows"
              .formatted(declaredVocab, vocabSize));
    }
    if (!reasons.isEmpty()) {
      throw unsupported(reasons);
    }
    return new ModelConfig(
        architecture,
        file.integer(prefix + "block_count"),
        modelDim,
        file.integer(prefix + "feed_forward_length"),
        headCount,
        file.integer(prefix + "attention.head_count_kv", headCount),
        headDim,
        vocabSize,
        contextLength,
        (float) file.floating(prefix + "attention.layer_norm_rms_epsilon"),
        file.floating(prefix + "rope.freq_base", 10_000),
        ropeStyle,
        scaling,
        file.findTensor("blk.0.attn_q.bias") != null,
        file.findTensor("blk.0.attn_q_norm.weight") != null,
        file.findTensor("output.weight") == null);
  }

  private static int headDim(
      GgufFile file, String prefix, int modelDim, int headCount, List<String> reasons) {
    Integer keyLength = file.findInteger(prefix + "attention.key_length");
    if (keyLength == null && (headCount < 1 || modelDim % headCount != 0)) {
      throw new EngineException(
          ErrorCode.MODEL_FILE_INVALID,
          "embedding_length %d does not divide into %d heads, and attention.key_length is missing"
              .formatted(modelDim, headCount));
    }
    int headDim = keyLength != null ? keyLength : modelDim / headCount;
    int valueLength = file.integer(prefix + "attention.value_length", headDim);
    if (valueLength != headDim) {
      reasons.add("values of %d beside keys of %d elements".formatted(valueLength, headDim));
    }
    int rotated = file.integer(prefix + "rope.dimension_count", headDim);
    if (rotated != headDim) {
      reasons.add("rotary embedding of %d of %d elements".formatted(rotated, headDim));
    }
    return headDim;
  }

  private static RopeScaling checkedRopeScaling(
      GgufFile file, String prefix, List<String> reasons) {
    try {
      return ropeScaling(file, prefix, reasons);
    } catch (IllegalArgumentException e) {
      throw new EngineException(
          ErrorCode.MODEL_FILE_INVALID,
          "the model's metadata is damaged: %s. Get the file again from its source."
              .formatted(e.getMessage()),
          e);
    }
  }

  private static RopeScaling ropeScaling(GgufFile file, String prefix, List<String> reasons) {
    double legacy = file.floating(prefix + "rope.scale_linear", 1);
    String type = file.string(prefix + "rope.scaling.type", legacy == 1 ? "none" : "linear");
    String scaling = prefix + "rope.scaling.";
    return switch (type) {
      case "none" -> new RopeScaling.None();
      case "linear" -> new RopeScaling.Linear(file.floating(scaling + "factor", legacy));
      case "llama3" ->
          new RopeScaling.Llama3(
              file.floating(scaling + "factor"),
              file.floating(scaling + "low_freq_factor", 1),
              file.floating(scaling + "high_freq_factor", 4),
              file.floating(scaling + "original_context_length"));
      default -> {
        reasons.add("rotary scaling '%s' is not one of none, linear, llama3".formatted(type));
        yield new RopeScaling.None();
      }
    };
  }

  private static void refuseOtherKinds(
      GgufFile file, String prefix, int contextLength, List<String> reasons) {
    int experts = file.integer(prefix + "expert_count", 0);
    if (experts > 0) {
      reasons.add("mixture of " + experts + " experts");
    }
    int window = file.integer(prefix + "attention.sliding_window", 0);
    if (window > 0 && window < contextLength) {
      reasons.add(
          "attention over a sliding window of %d of %d positions".formatted(window, contextLength));
    }
    if (!file.bool(prefix + "attention.causal", true)) {
      reasons.add("attention that is not causal");
    }
    for (Tensor tensor : file.tensors()) {
      if (tensor.name().endsWith(".bias") && !tensor.name().matches(SERVED_BIASES)) {
        reasons.add("tensor '" + tensor.name() + "'");
        return;
      }
    }
  }

  private static EngineException unsupported(List<String> reasons) {
    return new EngineException(
        ErrorCode.MODEL_UNSUPPORTED,
        "this model is of a kind that is not served: %s. Use a dense llama, qwen2 or qwen3 model."
            .formatted(String.join("; ", reasons)));
  }

  private static void requirePositive(List<String> faults, String name, int value) {
    if (value < 1) {
      faults.add(name + " must be positive, found " + value);
    }
  }
}
