package dev.baton.engine.tokenizer;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;

/**
 * A text that says which of its characters may be read as special tokens: what a chat template
 * renders. The template's own words are trusted, what users and tenants wrote is not.
 *
 * @param text the whole text
 * @param trusted half-open spans of the text; kept sorted, with touching and overlapping ones
 *     joined
 */
public record MarkedText(String text, List<Span> trusted) {

  /** Characters {@code [start, end)} of a text, counted in UTF-16 units. */
  public record Span(int start, int end) {
    public Span {
      if (start < 0 || end < start) {
        throw new IllegalArgumentException("not a span: [" + start + ", " + end + ")");
      }
    }
  }

  public MarkedText {
    Objects.requireNonNull(text);
    trusted = joined(trusted);
    if (!trusted.isEmpty() && trusted.getLast().end() > text.length()) {
      throw new IllegalArgumentException(
          "a trusted span ends at %d, the text at %d"
              .formatted(trusted.getLast().end(), text.length()));
    }
  }

  /** A text in which nothing is a special token. */
  public static MarkedText untrusted(String text) {
    return new MarkedText(text, List.of());
  }

  /** A text in which every special token is recognised. */
  public static MarkedText trusted(String text) {
    return new MarkedText(text, List.of(new Span(0, text.length())));
  }

  private static List<Span> joined(List<Span> spans) {
    List<Span> joined = new ArrayList<>(spans.size());
    for (Span span : spans.stream().sorted(Comparator.comparingInt(Span::start)).toList()) {
      if (span.start() == span.end()) {
        continue;
      }
      if (!joined.isEmpty() && joined.getLast().end() >= span.start()) {
        Span last = joined.removeLast();
        joined.add(new Span(last.start(), Math.max(last.end(), span.end())));
      } else {
        joined.add(span);
      }
    }
    return List.copyOf(joined);
  }

  /** The text stays out of logs and messages. */
  @Override
  public String toString() {
    return "MarkedText[" + text.length() + " characters, " + trusted.size() + " trusted spans]";
  }
}
