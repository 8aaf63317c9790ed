package dev.baton.platform.problem;

import org.jspecify.annotations.Nullable;

/** OpenAI's error shape: {@code {"error":{"message","type","param","code"}}}, nulls written. */
public record ErrorBody(Error error) {
  /**
   * What went wrong.
   *
   * @param type class of error
   * @param param the field at fault, such as {@code messages[0].content}
   * @param code the exact error
   */
  public record Error(String message, String type, @Nullable String param, @Nullable String code) {}
}
