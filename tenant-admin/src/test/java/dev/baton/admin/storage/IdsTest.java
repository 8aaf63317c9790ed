package dev.baton.admin.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class IdsTest {

  @Test
  void tenantIdsSortByTheTimeTheyTell() {
    AtomicLong millis = new AtomicLong(1_790_000_000_000L);
    Ids ids = new Ids(() -> Instant.ofEpochMilli(millis.getAndAdd(37)));
    List<String> made = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      String id = ids.tenant();
      assertThat(Ids.isTenant(id)).isTrue();
      assertThat(Ids.created(id).toEpochMilli()).isEqualTo(1_790_000_000_000L + 37L * i);
      assertThat(Ids.tenantOfStem(Ids.stem(id))).isEqualTo(id);
      made.add(id);
    }
    assertThat(made).isSorted().doesNotHaveDuplicates();
  }

  @Test
  void whatCouldReachIntoAnotherKeyIsNoTenantId() {
    for (String text :
        List.of(
            "",
            "ten_",
            "ten_x}:tenant{0123456",
            "ten_0123456789abcdeF",
            "ten_0123456789abcdei\n")) {
      assertThat(Ids.isTenant(text)).as(text).isFalse();
    }
  }
}
