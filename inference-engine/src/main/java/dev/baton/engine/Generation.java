package dev.baton.engine;

/** A running request. */
public interface Generation {

  /** Tokens of the whole prompt, system part included. */
  int promptTokenCount();

  /**
   * Ends the request by the engine's next step and frees its KV; the listener then receives {@link
   * GenerationEvent.Finished} with {@link FinishReason#CANCELLED}. Cancelling what has ended does
   * nothing.
   */
  void cancel();
}
