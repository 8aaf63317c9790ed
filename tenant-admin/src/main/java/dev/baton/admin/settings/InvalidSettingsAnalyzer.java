package dev.baton.admin.settings;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Shows invalid settings as a list instead of a stack trace. */
final class InvalidSettingsAnalyzer extends AbstractFailureAnalyzer<InvalidSettingsException> {
  @Override
  protected FailureAnalysis analyze(Throwable failure, InvalidSettingsException cause) {
    return new FailureAnalysis(
        "Invalid settings:\n\n  " + String.join("\n  ", cause.faults()),
        "Correct them in the command line, the environment or application.yml.",
        cause);
  }
}
