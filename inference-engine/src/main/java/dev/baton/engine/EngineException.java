package dev.baton.engine;

import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * An operating error of the engine. The message names cause and remedy and never holds prompt text,
 * so that it may be shown to the caller.
 */
public final class EngineException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final ErrorCode code;
  private final @Nullable Duration retryAfter;

  public EngineException(ErrorCode code, String message) {
    this(code, message, null, null);
  }

  public EngineException(ErrorCode code, String message, @Nullable Throwable cause) {
    this(code, message, cause, null);
  }

  public EngineException(
      ErrorCode code, String message, @Nullable Throwable cause, @Nullable Duration retryAfter) {
    super(message, cause);
    this.code = Objects.requireNonNull(code);
    this.retryAfter = retryAfter;
  }

  public ErrorCode code() {
    return code;
  }

  /** When trying again may succeed, or null when it can not be said. */
  public @Nullable Duration retryAfter() {
    return retryAfter;
  }
}
