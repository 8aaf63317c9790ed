package dev.baton.platform.chat;

import jakarta.validation.constraints.Min;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;
import org.springframework.validation.annotation.Validated;

/**
 * Limits of the chat endpoint.
 *
 * @param maxBodySize larger request bodies are refused with 413
 * @param keepAlive time between the comments that keep proxies from closing a quiet stream
 * @param streamBuffer events a stream holds for its reader before it is ended
 */
@Validated
@ConfigurationProperties("baton.chat")
record ChatSettings(
    @DefaultValue("1MB") DataSize maxBodySize,
    @DefaultValue("15s") Duration keepAlive,
    @DefaultValue("1024") @Min(16) int streamBuffer) {
  ChatSettings {
    if (maxBodySize.toBytes() < 1024 || maxBodySize.toBytes() > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "baton.chat.max-body-size must be between 1KB and 2GB, not " + maxBodySize);
    }
    if (keepAlive.compareTo(Duration.ofMillis(10)) < 0) {
      throw new IllegalArgumentException(
          "baton.chat.keep-alive must be at least 10ms, not " + keepAlive);
    }
  }
}
