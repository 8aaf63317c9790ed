package dev.baton.admin.settings;

import java.util.List;

/** Settings that the start can not go on with; the message lists all of them. */
public final class InvalidSettingsException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final List<String> faults;

  InvalidSettingsException(List<String> faults) {
    super("Invalid settings:\n  " + String.join("\n  ", faults));
    this.faults = List.copyOf(faults);
  }

  /** One line each, naming the key and the remedy. */
  public List<String> faults() {
    return faults;
  }
}
