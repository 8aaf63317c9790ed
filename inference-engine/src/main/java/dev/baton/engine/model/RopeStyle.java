package dev.baton.engine.model;

/** Which two elements of a head one rotation turns. */
public enum RopeStyle {
  /** Elements 2i and 2i + 1, as the weights of {@code llama} files are ordered. */
  ADJACENT,
  /** Elements i and i + headDim / 2, as in {@code qwen2} and {@code qwen3}. */
  HALVES
}
