package dev.baton.engine;

import java.util.List;

/** What happens to a request: {@code Started? Token* (Finished | Failed)}. */
public sealed interface GenerationEvent {

  /**
   * The first of the request's tokens is being computed.
   *
   * @param promptTokens tokens of the whole prompt
   * @param cachedTokens of those, the ones the system KV held
   */
  record Started(int promptTokens, int cachedTokens) implements GenerationEvent {}

  /**
   * A token was generated.
   *
   * @param token the token and its probability
   * @param text text that became certain with it: empty while a character or a possible stop string
   *     is incomplete
   */
  record Token(GeneratedToken token, String text) implements GenerationEvent {}

  /**
   * The request ended.
   *
   * @param reason why
   * @param text text held back until now
   */
  record Finished(FinishReason reason, String text, TokenUsage usage) implements GenerationEvent {}

  /** The request failed after it was accepted. */
  record Failed(EngineException error, TokenUsage usage) implements GenerationEvent {}

  /**
   * One generated token; {@code logit} and {@code logprob} are the model's own, before penalties
   * and temperature.
   *
   * @param logprob natural log of the softmax probability
   * @param bytes the token's bytes, possibly not valid UTF-8 alone
   */
  record GeneratedToken(int id, byte[] bytes, float logit, float logprob, List<Alternative> top) {}

  /** A likely token at some position. */
  record Alternative(int id, byte[] bytes, float logit, float logprob) {}
}
