package dev.baton.engine.runtime;

import dev.baton.engine.EngineException;
import dev.baton.engine.EngineModel;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.backend.Backend;
import dev.baton.engine.gguf.GgufFile;
import dev.baton.engine.model.ModelConfig;
import dev.baton.engine.template.ChatFormat;
import dev.baton.engine.tensor.Tensor;
import dev.baton.engine.tokenizer.Tokenizer;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Clock;

/** From a model file to an engine. */
final class EngineOpening {
  private static final Logger LOG = System.getLogger(EngineOpening.class.getName());

  private EngineOpening() {}

  /** An engine that is not started; on failure all that was opened is closed again. */
  static LocalEngine open(EngineSettings settings) {
    GgufFile file = GgufFile.open(settings.modelFile());
    boolean opened = false;
    try {
      LocalEngine engine = open(file, settings);
      opened = true;
      return engine;
    } finally {
      if (!opened) {
        file.close();
      }
    }
  }

  private static LocalEngine open(GgufFile file, EngineSettings settings) {
    ModelConfig config = ModelConfig.of(file);
    Tokenizer tokenizer = Tokenizer.from(file);
    if (tokenizer.vocabSize() != config.vocabSize()) {
      throw new EngineException(
          ErrorCode.MODEL_FILE_INVALID,
          "the tokenizer has %d tokens, but the embedding has %d rows; get the file again from its source"
              .formatted(tokenizer.vocabSize(), config.vocabSize()));
    }
    Clock clock = Clock.systemDefaultZone();
    ChatFormat format = ChatFormat.from(file, tokenizer, clock);
    Backend backend = BackendChoice.open(file, config, settings);
    EngineModel model =
        new EngineModel(
            id(settings),
            config.architecture(),
            file.tensors().stream().mapToLong(Tensor::elementCount).sum(),
            config.contextLength(),
            config.vocabSize(),
            backend.kvLayout().bytesPerToken());
    LOG.log(
        Level.INFO,
        () ->
            "model %s: %s, %d parameters, context %d; KV memory %d blocks of %d tokens, %d MiB"
                .formatted(
                    model.id(),
                    model.architecture(),
                    model.parameterCount(),
                    model.contextLength(),
                    backend.kvLayout().blockCount(),
                    backend.kvLayout().blockTokens(),
                    backend.kvLayout().blockCount() * backend.kvLayout().blockBytes() >> 20));
    Runnable closing = file.closing(); // the file itself would keep its metadata, merges and all
    Runnable release =
        () -> {
          backend.close();
          closing.run();
        };
    return new LocalEngine(backend, release, tokenizer, format, model, settings, clock);
  }

  private static String id(EngineSettings settings) {
    if (settings.modelId() != null) {
      return settings.modelId();
    }
    Path name = settings.modelFile().getFileName();
    String file = name == null ? "model" : name.toString();
    return file.endsWith(".gguf") ? file.substring(0, file.length() - ".gguf".length()) : file;
  }
}
