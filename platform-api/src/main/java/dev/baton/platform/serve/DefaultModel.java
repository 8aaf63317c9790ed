package dev.baton.platform.serve;

import dev.baton.engine.model.RandomModelSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The model that is served.
 *
 * @param file GGUF file
 * @param random whether it was generated here and says random words
 */
record DefaultModel(Path file, boolean random) {
  /** The generated model's vocabulary is small: a real prompt takes twice the usual tokens. */
  private static final int CONTEXT = 8192;

  /** KV memory for the generated model: 16 whole contexts. */
  static final long RANDOM_KV_BYTES = 256L << 20;

  /**
   * The wanted model, or the small one of random weights, written at the first start.
   *
   * @throws StartFailure when the file is not there
   */
  static DefaultModel choose(@Nullable Path wanted, DataDirectory data) {
    if (wanted != null) {
      if (!Files.isRegularFile(wanted) || !Files.isReadable(wanted)) {
        throw new StartFailure(
            "can not read the model file %s. Give a GGUF file with --model FILE or BATON_MODEL."
                .formatted(wanted));
      }
      return new DefaultModel(wanted, false);
    }
    Path file = data.privateDirectory("models").resolve("random-chat.gguf");
    if (!Files.exists(file)) {
      try {
        RandomModelSpec.chat().contextLength(CONTEXT).writeTo(file);
      } catch (IOException e) {
        throw new StartFailure("can not write the model " + file + ": " + e.getMessage(), e);
      }
    }
    return new DefaultModel(file, true);
  }
}
