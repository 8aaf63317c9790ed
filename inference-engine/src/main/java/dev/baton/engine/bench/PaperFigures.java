package dev.baton.engine.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What the authors of RelayAttention measured on an NVIDIA A40: 52 heads of 128, one group (the
 * resource names its source).
 */
final class PaperFigures {
  private static final String RESOURCE = "relay-op-a40.csv";
  private static final Map<Case, Double> MICROS = read();

  private record Case(int requests, int context, int prefix, boolean relay) {}

  private PaperFigures() {}

  /** Plain over relayed time, or null where they did not measure. */
  static @Nullable Double gain(int requests, int context, int prefix) {
    Double plain = MICROS.get(new Case(requests, context, prefix, false));
    Double relay = MICROS.get(new Case(requests, context, prefix, true));
    return plain == null || relay == null ? null : Double.valueOf(plain / relay);
  }

  private static Map<Case, Double> read() {
    Map<Case, Double> micros = new HashMap<>();
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(
                Objects.requireNonNull(PaperFigures.class.getResourceAsStream(RESOURCE), RESOURCE),
                StandardCharsets.UTF_8))) {
      lines
          .lines()
          .filter(line -> !line.startsWith("#") && !line.startsWith("nreqs"))
          .map(line -> line.split(",", -1))
          .forEach(field ->
              micros.put(
                  new Case(
                      Integer.parseInt(field[0]),
                      Integer.parseInt(field[1]),
                      Integer.parseInt(field[2]),
                      Boolean.parseBoolean(field[3])),
                  Double.parseDouble(field[5])));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return Map.copyOf(micros);
  }
}
