package dev.baton.platform.operations;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How the process serves and ends.
 *
 * @param drainTimeout time running streams get to finish after SIGTERM
 */
@ConfigurationProperties("baton.serve")
record ServeSettings(@DefaultValue("20s") Duration drainTimeout) {
  ServeSettings {
    if (drainTimeout.isNegative()) {
      throw new IllegalArgumentException(
          "baton.serve.drain-timeout must not be negative, not " + drainTimeout);
    }
  }
}
