package dev.baton.engine.backend.cpu;

import dev.baton.engine.tensor.Tensor;

/**
 * The embedding, read row by row from the model file's mapping.
 *
 * <p>Implementation note. A row that is read makes up to 2 MiB of the file around it resident.
 * Native kernels read nothing else of the file, and an embedding that is the output matrix too
 * would in the end be held twice: so its pages are given back after each step. The system has them
 * in its cache, and maps them again within microseconds.
 */
final class TokenEmbedding {
  private final Tensor weight; // [vocabSize, modelDim]
  private final boolean givesBack;

  /**
   * @param givesBack whether nothing else reads these pages
   */
  TokenEmbedding(Tensor weight, boolean givesBack) {
    this.weight = weight;
    this.givesBack = givesBack && weight.data().isMapped();
  }

  /** Reads a row as f32, {@code modelDim} values; safe for several threads. */
  void readRow(int token, float[] target) {
    weight.readRow(token, target, 0);
  }

  /** To be called when a step's rows have been read. */
  void giveBack() {
    if (givesBack) {
      NativeCalls.drop(weight.data());
    }
  }
}
