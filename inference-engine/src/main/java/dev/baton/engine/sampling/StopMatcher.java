package dev.baton.engine.sampling;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Finds the first stop string in a text that arrives in parts, and holds back what could still
 * become one.
 *
 * <p>The match is the one that ends first, of those the longest: it does not depend on how the text
 * was cut. Each stop string has its own Knuth-Morris-Pratt automaton; its state is the length of
 * the longest end of the text that begins the stop string, so the greatest state is what must be
 * held back. Not for use by several threads.
 */
public final class StopMatcher {
  private final List<String> stops;
  private final int[][] borders;
  private final int[] states;
  private final StringBuilder held = new StringBuilder();
  private @Nullable String matched;

  /**
   * @param stops none empty
   */
  public StopMatcher(List<String> stops) {
    if (stops.contains("")) {
      throw new IllegalArgumentException("a stop string must not be empty");
    }
    this.stops = List.copyOf(stops);
    borders = this.stops.stream().map(StopMatcher::borders).toArray(int[][]::new);
    states = new int[borders.length];
  }

  /** For each length, that of the longest proper border of the stop string's beginning. */
  private static int[] borders(String stop) {
    int[] borders = new int[stop.length() + 1];
    for (int i = 1; i < stop.length(); i++) {
      int border = borders[i];
      while (border > 0 && stop.charAt(i) != stop.charAt(border)) {
        border = borders[border];
      }
      borders[i + 1] = stop.charAt(i) == stop.charAt(border) ? border + 1 : 0;
    }
    return borders;
  }

  /** Text that may be shown now; empty once a stop string was found. */
  public String accept(String text) {
    if (matched != null) {
      return "";
    }
    for (int i = 0; i < text.length(); i++) {
      held.append(text.charAt(i));
      int longest = advance(text.charAt(i));
      if (longest > 0) {
        return release(held.length() - longest);
      }
    }
    int keep = 0;
    for (int state : states) {
      keep = Math.max(keep, state);
    }
    return release(held.length() - keep);
  }

  /** Returns the length of the longest stop string that ends with this character, or 0. */
  private int advance(char next) {
    int longest = 0;
    for (int s = 0; s < states.length; s++) {
      String stop = stops.get(s);
      int state = states[s];
      while (state > 0 && stop.charAt(state) != next) {
        state = borders[s][state];
      }
      states[s] = stop.charAt(state) == next ? state + 1 : 0;
      if (states[s] == stop.length() && stop.length() > longest) {
        longest = stop.length();
        matched = stop;
      }
    }
    return longest;
  }

  private String release(int length) {
    String released = held.substring(0, length);
    held.delete(0, length);
    return released;
  }

  public boolean matched() {
    return matched != null;
  }

  /** The stop string that was found, or null. */
  public @Nullable String matchedStop() {
    return matched;
  }

  /** What was held back, when the text ends without a stop string; else nothing. */
  public String flush() {
    return matched == null ? release(held.length()) : "";
  }
}
