package dev.baton.platform.quota;

import dev.baton.admin.usage.Settlement;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.zip.CRC32;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * A settlement as a line of text: the CRC-32 of its JSON in 8 hexadecimal digits, a space, the
 * JSON. A line that a crash has cut does not pass for a whole one.
 */
final class SpoolLine {
  private static final int CHECKSUM = 8;

  private SpoolLine() {}

  static byte[] write(JsonMapper json, Settlement settlement) {
    String text = json.writeValueAsString(settlement);
    return (checksum(text) + ' ' + text + '\n').getBytes(StandardCharsets.UTF_8);
  }

  /** Empty for a line that is not whole. */
  static Optional<Settlement> read(JsonMapper json, String line) {
    if (line.length() < CHECKSUM + 2
        || !checksum(line.substring(CHECKSUM + 1)).equals(line.substring(0, CHECKSUM))) {
      return Optional.empty();
    }
    try {
      return Optional.of(json.readValue(line.substring(CHECKSUM + 1), Settlement.class));
    } catch (JacksonException e) {
      return Optional.empty(); // written by another version
    }
  }

  private static String checksum(String text) {
    CRC32 crc = new CRC32();
    crc.update(text.getBytes(StandardCharsets.UTF_8));
    return "%08x".formatted(crc.getValue());
  }
}
