package dev.baton.engine.tokenizer;

import org.jspecify.annotations.Nullable;

/** What a token stands for, by its number in {@code tokenizer.ggml.token_type}. */
public enum TokenType {
  UNDEFINED(0),
  NORMAL(1),
  UNKNOWN(2),
  CONTROL(3),
  USER_DEFINED(4),
  UNUSED(5),
  BYTE(6);

  private final int code;

  TokenType(int code) {
    this.code = code;
  }

  static @Nullable TokenType of(int code) {
    for (TokenType type : values()) {
      if (type.code == code) {
        return type;
      }
    }
    return null;
  }
}
