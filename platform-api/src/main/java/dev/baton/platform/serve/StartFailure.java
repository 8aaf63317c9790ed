package dev.baton.platform.serve;

import org.jspecify.annotations.Nullable;

/** Why the platform can not start, in one line that names cause and remedy. */
public final class StartFailure extends RuntimeException {
  private static final long serialVersionUID = 1;

  public StartFailure(String message) {
    this(message, null);
  }

  public StartFailure(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  /** The line to print. */
  public String line() {
    return String.valueOf(getMessage());
  }
}
