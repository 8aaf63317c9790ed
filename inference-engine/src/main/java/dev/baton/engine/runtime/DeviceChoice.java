package dev.baton.engine.runtime;

import java.util.Locale;

/** What an engine computes with. */
public enum DeviceChoice {
  /** A GPU that can serve the model, else the CPU. */
  AUTO,
  CPU,
  /** A GPU, or the start fails. */
  CUDA;

  /**
   * From a setting's text.
   *
   * @throws IllegalArgumentException naming the setting and what it may be
   */
  public static DeviceChoice of(String text) {
    return switch (text.strip().toLowerCase(Locale.ROOT)) {
      case "", "auto" -> AUTO;
      case "cpu" -> CPU;
      case "cuda" -> CUDA;
      default ->
          throw new IllegalArgumentException(
              "baton.engine.device must be auto, cpu or cuda, not '%s'".formatted(text));
    };
  }
}
