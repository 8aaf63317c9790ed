package dev.baton.engine;

/** Why a generation ended without an error. */
public enum FinishReason {
  /** The model ended its turn, or a stop string appeared. */
  STOP,
  /** The token limit or the context was reached. */
  LENGTH,
  /** The caller cancelled. */
  CANCELLED
}
