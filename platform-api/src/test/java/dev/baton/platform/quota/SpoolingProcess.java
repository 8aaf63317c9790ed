package dev.baton.platform.quota;

import dev.baton.admin.usage.FinishCause;
import dev.baton.admin.usage.Settlement;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.springframework.util.unit.DataSize;
import reactor.core.publisher.Flux;
import tools.jackson.databind.json.JsonMapper;

/** Spools settlements until it is killed, and prints the ids of those that are on disk. */
final class SpoolingProcess {
  static final String TENANT = "ten_0000000000000009";

  private SpoolingProcess() {}

  public static void main(String[] arguments) {
    QuotaSettings settings =
        new QuotaSettings(
            0.5, 4096, Duration.ofSeconds(1), 100, Path.of(arguments[0]), DataSize.ofMegabytes(64));
    Spool spool = new Spool(settings, JsonMapper.shared());
    Flux.range(0, Integer.MAX_VALUE)
        .flatMap(
            number ->
                spool
                    .append(settlement(number))
                    .doOnSuccess(done -> System.out.println(id(number))),
            8)
        .blockLast();
  }

  private static String id(int number) {
    return "req_" + number;
  }

  private static Settlement settlement(int number) {
    return new Settlement(
        id(number),
        TENANT,
        "00000000",
        null,
        Instant.now(),
        Instant.now(),
        FinishCause.STOP,
        10,
        5,
        3,
        Duration.ofMillis(1),
        Duration.ofMillis(2),
        Duration.ofMillis(3));
  }
}
