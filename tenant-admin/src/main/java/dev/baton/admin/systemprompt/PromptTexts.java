package dev.baton.admin.systemprompt;

import dev.baton.admin.http.AdminProblem;
import org.jspecify.annotations.Nullable;

/** What a prompt's text and its message may hold. */
final class PromptTexts {
  private static final int MAX_MESSAGE_LENGTH = 1000;

  private PromptTexts() {}

  /** Checks a prompt: not blank, whole characters, no NUL. */
  static String check(@Nullable String text) {
    if (text == null) {
      throw AdminProblem.invalid("text", "is missing");
    }
    if (text.isBlank()) {
      throw AdminProblem.invalid("text", "must not be blank");
    }
    requireCharacters("text", text);
    return text;
  }

  /** Checks a message; null is none. */
  static String checkMessage(@Nullable String message) {
    if (message == null) {
      return "";
    }
    int length = message.codePointCount(0, message.length());
    if (length > MAX_MESSAGE_LENGTH) {
      throw AdminProblem.invalid(
          "message", "must have at most " + MAX_MESSAGE_LENGTH + " characters, not " + length);
    }
    requireCharacters("message", message);
    return message;
  }

  /** A lone surrogate has no UTF-8 form: it would be stored as something else. */
  private static void requireCharacters(String field, String text) {
    text.codePoints()
        .forEach(c -> {
          if (c == 0) {
            throw AdminProblem.invalid(field, "must not hold the character U+0000");
          }
          if (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE) {
            throw AdminProblem.invalid(
                field, "must be whole Unicode characters; it holds half of a surrogate pair");
          }
        });
  }
}
