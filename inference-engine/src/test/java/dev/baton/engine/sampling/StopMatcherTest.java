package dev.baton.engine.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StopMatcherTest {
  @Test
  void releasesTextBeforeTheStopStringAndNothingAfterIt() {
    StopMatcher matcher = new StopMatcher(List.of("END"));
    assertThat(matcher.accept("the E")).isEqualTo("the ");
    assertThat(matcher.accept("N")).isEmpty();
    assertThat(matcher.accept("D of it")).isEmpty();
    assertThat(matcher.matched()).isTrue();
    assertThat(matcher.matchedStop()).isEqualTo("END");
    assertThat(matcher.accept("more")).isEmpty();
    assertThat(matcher.flush()).isEmpty();
  }

  @Test
  void givesBackWhatTurnedOutToBeNoStopString() {
    StopMatcher matcher = new StopMatcher(List.of("\n\nUser:"));
    assertThat(matcher.accept("a\n\nUs")).isEqualTo("a");
    assertThat(matcher.accept("ed")).isEqualTo("\n\nUsed");
    assertThat(matcher.accept("\n")).isEmpty();
    assertThat(matcher.flush()).isEqualTo("\n");
    assertThat(matcher.matched()).isFalse();
    assertThat(matcher.matchedStop()).isNull();
  }

  @Test
  void findsStopStringsThatOverlapThemselves() {
    StopMatcher matcher = new StopMatcher(List.of("aab"));
    assertThat(matcher.accept("aaa")).isEqualTo("a");
    assertThat(matcher.accept("aa")).isEqualTo("aa");
    assertThat(matcher.accept("b")).isEmpty();
    assertThat(matcher.matched()).isTrue();
  }

  @Test
  void takesTheStopStringThatEndsFirstAndOfThoseTheLongest() {
    StopMatcher matcher = new StopMatcher(List.of("b", "abcd", "ab"));
    assertThat(matcher.accept("xabcd")).isEqualTo("x");
    assertThat(matcher.matchedStop()).isEqualTo("ab");
  }

  @Test
  void passesEverythingThroughWithoutStopStrings() {
    StopMatcher matcher = new StopMatcher(List.of());
    assertThat(matcher.accept("all of it")).isEqualTo("all of it");
    assertThat(matcher.flush()).isEmpty();
  }

  @Test
  void refusesAnEmptyStopString() {
    assertThatThrownBy(() -> new StopMatcher(List.of("a", "")))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void agreesWithASearchOfTheWholeTextHoweverItIsCut() {
    Random random = new Random(7);
    for (int round = 0; round < 20_000; round++) {
      List<String> stops = new ArrayList<>();
      for (int i = random.nextInt(4); i >= 0; i--) {
        stops.add(randomText(random, 1 + random.nextInt(5)));
      }
      String text = randomText(random, random.nextInt(24));
      StopMatcher matcher = new StopMatcher(stops);
      StringBuilder released = new StringBuilder();
      for (int i = 0; i < text.length(); ) {
        int end = Math.min(text.length(), i + 1 + random.nextInt(4));
        released.append(matcher.accept(text.substring(i, end)));
        if (!matcher.matched()) {
          assertThat(text.substring(released.length(), end).length())
              .as("held back of %s with %s", text.substring(0, end), stops)
              .isEqualTo(longestPartialStop(text.substring(0, end), stops));
        }
        i = end;
      }
      released.append(matcher.flush());
      assertThat(released.toString()).as("%s with %s", text, stops).isEqualTo(cut(text, stops));
      assertThat(matcher.matched()).isEqualTo(stops.stream().anyMatch(text::contains));
    }
  }

  private static int longestPartialStop(String text, List<String> stops) {
    for (int length = text.length(); length > 0; length--) {
      String end = text.substring(text.length() - length);
      if (stops.stream().anyMatch(stop -> stop.startsWith(end))) {
        return length;
      }
    }
    return 0;
  }

  private static String cut(String text, List<String> stops) {
    for (int end = 1; end <= text.length(); end++) {
      for (int start = 0; start < end; start++) {
        if (stops.contains(text.substring(start, end))) {
          return text.substring(0, start);
        }
      }
    }
    return text;
  }

  private static String randomText(Random random, int length) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < length; i++) {
      text.append((char) ('a' + random.nextInt(2)));
    }
    return text.toString();
  }
}
