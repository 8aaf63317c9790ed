package dev.baton.engine.template;

import dev.baton.engine.tokenizer.MarkedText;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A string that knows which of its characters the template wrote and which the caller.
 *
 * <p>Trusted characters come from the template's literals and from what the engine itself passes in
 * (the text of its special tokens, role names); only they may become special tokens. Every
 * operation carries the marks along, so that no detour through a filter makes a user's text
 * trusted. What the interpreter makes up, such as the digits of a number or JSON's punctuation, is
 * untrusted.
 *
 * <p>Equality looks at the characters only.
 */
final class Text implements Value {
  private static final int[] NOTHING = {};
  static final Text EMPTY = new Text("", NOTHING);

  private final String value;

  /** Ascending borders of the trusted parts: [b0, b1), [b2, b3), … none empty, none adjacent. */
  private final int[] borders;

  private Text(String value, int[] borders) {
    this.value = value;
    this.borders = borders;
  }

  static Text trusted(String value) {
    return value.isEmpty() ? EMPTY : new Text(value, new int[] {0, value.length()});
  }

  static Text untrusted(String value) {
    return value.isEmpty() ? EMPTY : new Text(value, NOTHING);
  }

  static Text of(MarkedText marked) {
    Builder builder = new Builder();
    int end = 0;
    for (MarkedText.Span span : marked.trusted()) {
      builder.append(marked.text().substring(end, span.start()), false);
      builder.append(marked.text().substring(span.start(), span.end()), true);
      end = span.end();
    }
    return builder.append(marked.text().substring(end), false).build();
  }

  MarkedText marked() {
    List<MarkedText.Span> spans = new ArrayList<>(borders.length / 2);
    for (int i = 0; i < borders.length; i += 2) {
      spans.add(new MarkedText.Span(borders[i], borders[i + 1]));
    }
    return new MarkedText(value, spans);
  }

  String value() {
    return value;
  }

  /** Length in UTF-16 units. */
  int length() {
    return value.length();
  }

  boolean isEmpty() {
    return value.isEmpty();
  }

  boolean isTrusted() {
    return value.isEmpty() || (borders.length == 2 && borders[1] - borders[0] == value.length());
  }

  /** This text with another wording, all of one mark; null when its characters' marks differ. */
  @Nullable Text remade(UnaryOperator<String> wording) {
    if (borders.length == 0) {
      return untrusted(wording.apply(value));
    }
    return isTrusted() ? trusted(wording.apply(value)) : null;
  }

  /** Python's length: characters beyond the BMP count once. */
  int codePointCount() {
    return value.codePointCount(0, value.length());
  }

  /** The UTF-16 units [from, to) with their marks. */
  Text slice(int from, int to) {
    if (from == 0 && to == value.length()) {
      return this;
    }
    if (from >= to) {
      return EMPTY;
    }
    Meter.chargeText(to - from);
    String part = value.substring(from, to);
    if (borders.length == 0) {
      return new Text(part, NOTHING);
    }
    int[] kept = new int[borders.length];
    int count = 0;
    for (int i = 0; i < borders.length; i += 2) {
      int start = Math.max(borders[i], from);
      int end = Math.min(borders[i + 1], to);
      if (start < end) {
        kept[count++] = start - from;
        kept[count++] = end - from;
      }
    }
    return new Text(part, Arrays.copyOf(kept, count));
  }

  Text plus(Text other) {
    return new Builder().append(this).append(other).build();
  }

  /** The text with untrusted stretches replaced by an ellipsis, fit for an error message. */
  String redacted() {
    StringBuilder out = new StringBuilder();
    int end = 0;
    for (int i = 0; i < borders.length; i += 2) {
      out.append(borders[i] > end ? "…" : "").append(value, borders[i], borders[i + 1]);
      end = borders[i + 1];
    }
    return out.append(end < value.length() ? "…" : "").toString();
  }

  /** Calls the visitor for every code point in order. */
  void forEachCodePoint(CodePointVisitor visitor) {
    int border = 0;
    for (int i = 0; i < value.length(); ) {
      int codePoint = value.codePointAt(i);
      while (border < borders.length && borders[border] <= i) {
        border++;
      }
      visitor.visit(codePoint, (border & 1) == 1);
      i += Character.charCount(codePoint);
    }
  }

  @Override
  public boolean equals(@Nullable Object other) {
    if (!(other instanceof Text text) || value.length() != text.value.length()) {
      return false;
    }
    Meter.chargeText(value.length());
    return value.equals(text.value);
  }

  @Override
  public int hashCode() {
    return value.hashCode();
  }

  /** The text may be a user's and stays out of logs and messages. */
  @Override
  public String toString() {
    return "Text[" + value.length() + " characters]";
  }

  /** Receives a text's code points. */
  @FunctionalInterface
  interface CodePointVisitor {
    void visit(int codePoint, boolean trusted);
  }

  /** Joins texts. */
  static final class Builder {
    private final StringBuilder out = new StringBuilder();
    private int[] borders = new int[8];
    private int count;

    int length() {
      return out.length();
    }

    Builder append(Text text) {
      int offset = out.length();
      Meter.checkLength((long) offset + text.length());
      out.append(text.value);
      for (int i = 0; i < text.borders.length; i += 2) {
        mark(offset + text.borders[i], offset + text.borders[i + 1]);
      }
      return this;
    }

    Builder append(String text, boolean trusted) {
      int offset = out.length();
      Meter.checkLength((long) offset + text.length());
      out.append(text);
      if (trusted && !text.isEmpty()) {
        mark(offset, out.length());
      }
      return this;
    }

    Builder appendCodePoint(int codePoint, boolean trusted) {
      int offset = out.length();
      out.appendCodePoint(codePoint);
      if (trusted) {
        mark(offset, out.length());
      }
      return this;
    }

    private void mark(int start, int end) {
      if (count > 0 && borders[count - 1] == start) {
        borders[count - 1] = end;
        return;
      }
      if (count == borders.length) {
        borders = Arrays.copyOf(borders, count * 2);
      }
      borders[count++] = start;
      borders[count++] = end;
    }

    Text build() {
      Meter.chargeText(out.length());
      return out.isEmpty() ? EMPTY : new Text(out.toString(), Arrays.copyOf(borders, count));
    }
  }
}
