package dev.baton.admin.apikey;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.admin.storage.Ids;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class KeyTextTest {
  private final Ids ids = new Ids(InstantSource.system());
  private final String tenant = ids.tenant();

  @Test
  void aKeyLeadsToItsTenantAndItsId() {
    KeyText key = KeyText.random(tenant, ids);
    assertThat(KeyText.parse(key.text())).contains(key);
    assertThat(key.tenantId()).isEqualTo(tenant);
    assertThat(key.text()).startsWith(KeyText.prefix(tenant, key.keyId()) + "_");
  }

  @Test
  void everySingleWrongCharacterIsToldWithoutTheStore() {
    String text = KeyText.random(tenant, ids).text();
    for (int i = 0; i < text.length(); i++) {
      char wrong = text.charAt(i) == '7' ? '8' : '7';
      String typo = text.substring(0, i) + wrong + text.substring(i + 1);
      assertThat(KeyText.parse(typo)).as(typo).isEmpty();
    }
  }

  @Test
  void whatIsNoKeyIsNoKey() {
    for (String text :
        new String[] {
          "", "bt_", "sk-abc", "bt_" + "0".repeat(100_000), "bt_\u0000", "é".repeat(61)
        }) {
      assertThat(KeyText.parse(text)).isEmpty();
    }
  }

  @Test
  void secretsDifferAndStayOutOfWords() {
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < 1000; i++) {
      KeyText key = KeyText.random(tenant, ids);
      assertThat(seen.add(key.text().substring(29))).isTrue();
      assertThat(key.toString()).doesNotContain(key.text().substring(29));
    }
  }
}
