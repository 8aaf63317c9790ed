package dev.baton.engine.cli;

import dev.baton.engine.backend.cpu.CpuBackend;
import dev.baton.engine.gguf.GgufFile;
import dev.baton.engine.model.ModelConfig;
import dev.baton.engine.tensor.Tensor;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The model file that was given: that it can be served, and what it takes. */
final class ModelSection implements DoctorCommand.Section {
  private final @Nullable Path model;

  ModelSection(@Nullable Path model) {
    this.model = model;
  }

  @Override
  public String title() {
    return "model";
  }

  @Override
  public Map<String, Object> findings() {
    Map<String, Object> findings = new LinkedHashMap<>();
    if (model == null) {
      return findings;
    }
    try (GgufFile file = GgufFile.open(model)) {
      ModelConfig config = ModelConfig.of(file);
      Map<String, Integer> types = new TreeMap<>();
      long parameters = 0;
      for (Tensor tensor : file.tensors()) {
        types.merge(tensor.type().name(), 1, Integer::sum);
        parameters += tensor.elementCount();
      }
      findings.put("file", model + ", " + (file.sizeBytes() >> 20) + " MiB");
      findings.put("shape", config.architecture() + ", " + parameters + " parameters");
      findings.put("tensors", types);
      findings.put("context", config.contextLength() + " tokens");
      findings.put("kv", CpuBackend.kvBytesPerToken(config) + " bytes a token");
    }
    return findings;
  }
}
