package dev.baton.engine.template;

import org.jspecify.annotations.Nullable;

/**
 * A template went wrong. Carries no values of the conversation, only names and literals of the
 * template and types.
 */
final class TemplateFailure extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final int line;

  private TemplateFailure(String message, int line, @Nullable Throwable cause) {
    super(message, cause, false, false);
    this.line = line;
  }

  /** A failure at whatever line is being rendered. */
  static TemplateFailure of(String message) {
    return new TemplateFailure(message, 0, null);
  }

  /** A failure at a known line, counted from 1. */
  static TemplateFailure at(int line, String message) {
    return new TemplateFailure(message, line, null);
  }

  /** The line counted from 1, or 0 where the rendering knows it. */
  int line() {
    return line;
  }

  String reason() {
    return String.valueOf(getMessage());
  }
}
