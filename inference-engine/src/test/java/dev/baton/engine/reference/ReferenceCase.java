package dev.baton.engine.reference;

import dev.baton.engine.gguf.GgufFile;
import dev.baton.engine.gguf.GgufValue;
import dev.baton.engine.gguf.GgufWriter;
import dev.baton.engine.model.RandomModelSpec;
import dev.baton.engine.model.RandomModelSpec.Tokenizer;
import dev.baton.engine.tensor.Tensor;
import dev.baton.engine.tensor.TensorType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Supplier;

/**
 * Small random models that together have every architecture, tokenizer, tensor type and rotary
 * convention; {@code llama-cpp-greedy.json} has llama.cpp's answers for each.
 */
public enum ReferenceCase {
  LLAMA_SPM_F32(() -> RandomModelSpec.tiny().tokenizer(Tokenizer.SPM).type(TensorType.F32)),
  LLAMA_ROPE_FREQS_F32(() ->
      RandomModelSpec.tiny()
          .type(TensorType.F32)
          .tied(true)
          .headDim(16)
          .ropeTheta(500000)
          .ropeFactor(8)),
  LLAMA_LINEAR_ROPE_F32(() -> RandomModelSpec.tiny().type(TensorType.F32).seed(5)),
  QWEN2_F32(() -> RandomModelSpec.tiny().architecture("qwen2").type(TensorType.F32)),
  QWEN3_F32(() ->
      RandomModelSpec.tiny().architecture("qwen3").type(TensorType.F32).tied(true).headDim(32)),
  LLAMA_F16(() -> RandomModelSpec.tiny().type(TensorType.F16).kvHeadCount(1)),
  QWEN2_BF16(() -> RandomModelSpec.tiny().architecture("qwen2").type(TensorType.BF16)),
  LLAMA_SPM_Q8_0(() -> RandomModelSpec.tiny().tokenizer(Tokenizer.SPM).type(TensorType.Q8_0)),
  QWEN3_Q4_0(() -> RandomModelSpec.tiny().architecture("qwen3").type(TensorType.Q4_0)),
  LLAMA_Q4_1(() -> RandomModelSpec.tiny().type(TensorType.Q4_1)),
  LLAMA_Q5_0(() -> RandomModelSpec.tiny().type(TensorType.Q5_0).kvHeadCount(8)),
  QWEN2_Q5_1(() -> RandomModelSpec.tiny().architecture("qwen2").type(TensorType.Q5_1)),
  LLAMA_Q4_K(() -> wide().type(TensorType.Q4_K)),
  QWEN3_Q5_K(() -> wide().architecture("qwen3").type(TensorType.Q5_K)),
  QWEN2_Q6_K(() -> wide().architecture("qwen2").type(TensorType.Q6_K).tied(true)),
  LLAMA_SPM_Q6_K(() -> wide().tokenizer(Tokenizer.SPM).type(TensorType.Q6_K));

  private final Supplier<RandomModelSpec.Builder> model;

  ReferenceCase(Supplier<RandomModelSpec.Builder> model) {
    this.model = model;
  }

  /** The parameters the model is generated from. */
  public RandomModelSpec spec() {
    return model.get().build();
  }

  /** Generates the model in this folder. */
  public Path writeTo(Path folder) throws IOException {
    Path file = folder.resolve(name() + ".gguf");
    model.get().writeTo(file);
    return this == LLAMA_LINEAR_ROPE_F32 ? withLinearRope(file, 4) : file;
  }

  /** Rows of 256, so that the K types fit. */
  private static RandomModelSpec.Builder wide() {
    return RandomModelSpec.tiny().layerCount(2).modelDim(256).kvHeadCount(2).ffnDim(512);
  }

  private static Path withLinearRope(Path file, double factor) throws IOException {
    Path scaled = file.resolveSibling("linear-rope.gguf");
    try (GgufFile model = GgufFile.open(file)) {
      GgufWriter writer = new GgufWriter();
      model.metadata().forEach(writer::metadata);
      writer.metadata("llama.rope.scaling.type", GgufValue.text("linear"));
      writer.metadata("llama.rope.scaling.factor", GgufValue.float32(factor));
      for (Tensor tensor : model.tensors()) {
        writer.tensor(
            tensor.name(), tensor.type(), tensor.shape(), data -> data.copyFrom(tensor.data()));
      }
      writer.writeTo(scaled);
    }
    Files.delete(file);
    return scaled;
  }
}
