package dev.baton.admin.usage;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** How a request ended. */
public enum FinishCause {
  /** The model ended its turn, or a stop string appeared. */
  STOP,
  /** A limit of tokens or the context was reached. */
  LENGTH,
  /** The client left, or did not read. */
  CANCELLED,
  /** The engine gave up. */
  FAILED,
  /** The platform was shut down under it. */
  DRAINED;

  /** As it is stored and told: in lower case. */
  @JsonValue
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }

  static Optional<FinishCause> parse(String text) {
    return Arrays.stream(values()).filter(cause -> cause.text().equals(text)).findFirst();
  }
}
