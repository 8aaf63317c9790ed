package dev.baton.engine.tokenizer;

/** What a token stands for; the order is that of {@code tokenizer.ggml.token_type}. */
public enum TokenType {
  UNDEFINED,
  NORMAL,
  UNKNOWN,
  CONTROL,
  USER_DEFINED,
  UNUSED,
  BYTE
}
