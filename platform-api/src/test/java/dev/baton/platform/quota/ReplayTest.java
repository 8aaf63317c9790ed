package dev.baton.platform.quota;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.admin.storage.StoreUnavailableException;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import reactor.core.Exceptions;

class ReplayTest {
  private static final StoreUnavailableException AWAY =
      new StoreUnavailableException("Redis does not answer.", null);

  @Test
  void settlementsThatFailTogetherAreAnOutageToo() {
    assertThat(Replay.isOutage(AWAY)).isTrue();
    assertThat(Replay.isOutage(Exceptions.multiple(AWAY, AWAY))).isTrue();
    assertThat(Replay.isOutage(Exceptions.multiple(AWAY, new IOException("no disk")))).isFalse();
    assertThat(Replay.isOutage(new IOException("no disk"))).isFalse();
  }
}
