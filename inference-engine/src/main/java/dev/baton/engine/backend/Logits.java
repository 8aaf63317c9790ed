package dev.baton.engine.backend;

/** The logits of one step: {@code [rowCount, vocabSize]} f32. */
public interface Logits {
  int rowCount();

  int vocabSize();

  /** Copies row {@code row} to {@code target}, {@code vocabSize} values. */
  void copyRow(int row, float[] target);
}
