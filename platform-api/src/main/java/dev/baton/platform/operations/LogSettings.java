package dev.baton.platform.operations;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How log lines look.
 *
 * @param format text for people, JSON (Elastic Common Schema) for machines
 */
@ConfigurationProperties("baton.log")
record LogSettings(@DefaultValue("text") Format format) {
  enum Format {
    TEXT,
    JSON
  }
}
