package dev.baton.engine.tokenizer;

import dev.baton.engine.tokenizer.MarkedText.Span;
import java.util.List;

/** A marked text, cut at its special tokens. */
final class Fragments {

  /** Receives the parts of a text in order. */
  interface Receiver {
    /** Plain text {@code [start, end)}, not empty. */
    void text(int start, int end);

    void special(int id);
  }

  private Fragments() {}

  /**
   * @param text {@code marked.text()}, well-formed
   */
  static void of(String text, MarkedText marked, SpecialTokens specials, Receiver receiver) {
    List<Span> trusted = marked.trusted();
    int span = 0;
    int start = 0;
    for (int i = 0; i < text.length(); ) {
      while (span < trusted.size() && trusted.get(span).end() <= i) {
        span++;
      }
      boolean isTrusted = span < trusted.size() && trusted.get(span).start() <= i;
      SpecialTokens.Match match =
          specials.longestAt(text, i, isTrusted ? trusted.get(span).end() : i);
      if (match.length() == 0) {
        i++;
        continue;
      }
      if (start < i) {
        receiver.text(start, i);
      }
      receiver.special(match.id());
      i += match.length();
      start = i;
    }
    if (start < text.length()) {
      receiver.text(start, text.length());
    }
  }
}
