package dev.baton.admin.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class NamesTest {

  @Test
  void namesOfAllScriptsAndEmojiAreFine() {
    for (String name : new String[] {"Ünïcode GmbH", "株式会社", "شركة", "👩‍🔬 Labs", "x"}) {
      assertThat(Names.check("name", "  " + name + " ")).isEqualTo(name);
    }
    assertThat(Names.check("name", "e\u0301")).isEqualTo("é");
  }

  @Test
  void whatHidesOrBreaksLinesIsRefused() {
    for (int codePoint :
        new int[] {0, 0x0a, 0x85, 0x202e, 0x2066, 0xfeff, 0x2028, 0xe0041, 0xd800}) {
      String name = "a" + new StringBuilder().appendCodePoint(codePoint) + "b";
      assertThatThrownBy(() -> Names.check("name", name))
          .as(Integer.toHexString(codePoint))
          .isInstanceOf(AdminProblem.class)
          .hasMessageStartingWith("name ");
    }
  }

  @Test
  void namesThatLookTheSameCompareAsTheSame() {
    assertThat(Names.comparable("STRASSE"))
        .isEqualTo(Names.comparable("straße"))
        .isEqualTo(Names.comparable("Ｓtrasse"));
    assertThat(Names.comparable("a \u00a0 b")).isEqualTo("a b");
  }
}
