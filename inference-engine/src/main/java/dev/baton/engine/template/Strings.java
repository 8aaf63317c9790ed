package dev.baton.engine.template;

import dev.baton.engine.template.Value.Items;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.function.IntPredicate;

/** Python's string algorithms on {@link Text}, which keep every character's mark. */
final class Strings {
  private Strings() {}

  /** Python's {@code str.isspace} for one character. */
  static boolean isSpace(int c) {
    return c == ' '
        || (c >= 0x09 && c <= 0x0d)
        || (c >= 0x1c && c <= 0x1f)
        || c == 0x85
        || c == 0xa0
        || (c > 0xff && Character.isSpaceChar(c));
  }

  /** Python's {@code str.isprintable} for one character. */
  static boolean isPrintable(int c) {
    if (c == ' ') {
      return true;
    }
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SPACE_SEPARATOR ->
          false;
      default -> true;
    };
  }

  static int compareCodePoints(String a, String b) {
    int i = 0;
    int common = Math.min(a.length(), b.length());
    while (i < common && a.charAt(i) == b.charAt(i)) {
      i++;
    }
    if (i == common) {
      return Integer.compare(a.length(), b.length());
    }
    // Inside a pair both sides share its high half, so that the low halves decide rightly.
    return Integer.compare(a.codePointAt(i), b.codePointAt(i));
  }

  static Text strip(Text text, IntPredicate drop, boolean left, boolean right) {
    String value = text.value();
    int start = 0;
    int end = value.length();
    while (left && start < end && drop.test(value.codePointAt(start))) {
      start += Character.charCount(value.codePointAt(start));
    }
    while (right && end > start && drop.test(value.codePointBefore(end))) {
      end -= Character.charCount(value.codePointBefore(end));
    }
    return text.slice(start, end);
  }

  static Text strip(Text text) {
    return strip(text, Strings::isSpace, true, true);
  }

  static Text upper(Text text) {
    Meter.chargeText(text.length());
    Text uniform = text.remade(value -> value.toUpperCase(Locale.ROOT));
    return uniform != null
        ? uniform
        : mapCharacters(text, c -> Character.toString(c).toUpperCase(Locale.ROOT));
  }

  static Text lower(Text text) {
    Meter.chargeText(text.length());
    Text uniform = text.remade(value -> value.toLowerCase(Locale.ROOT));
    if (uniform != null) {
      return uniform;
    }
    if (text.value().indexOf('Σ') >= 0) {
      return lowerWithFinalSigma(text);
    }
    return mapCharacters(text, Strings::lower);
  }

  private static Text lowerWithFinalSigma(Text text) {
    String lowered = text.value().toLowerCase(Locale.ROOT);
    if (lowered.length() != text.length()) {
      return mapCharacters(text, Strings::lower);
    }
    Text.Builder out = new Text.Builder();
    text.forEachCodePoint(
        (c, trusted) -> out.appendCodePoint(lowered.codePointAt(out.length()), trusted));
    return out.build();
  }

  /** Python's {@code str.title}: a capital after everything that has no case. */
  static Text title(Text text) {
    Text.Builder out = new Text.Builder();
    boolean[] insideWord = {false};
    text.forEachCodePoint((c, trusted) -> {
      out.append(insideWord[0] ? lower(c) : titleCase(c), trusted);
      insideWord[0] =
          Character.isUpperCase(c) || Character.isLowerCase(c) || Character.isTitleCase(c);
    });
    return out.build();
  }

  /** Jinja's {@code title} filter: a capital at the start and after space, hyphen or bracket. */
  static Text titleWords(Text text) {
    Text.Builder out = new Text.Builder();
    boolean[] start = {true};
    text.forEachCodePoint((c, trusted) -> {
      out.append(start[0] ? Character.toString(c).toUpperCase(Locale.ROOT) : lower(c), trusted);
      start[0] = isSpace(c) || "-({[<".indexOf(c) >= 0;
    });
    return out.build();
  }

  static Text capitalize(Text text) {
    Text.Builder out = new Text.Builder();
    text.forEachCodePoint(
        (c, trusted) -> out.append(out.length() == 0 ? titleCase(c) : lower(c), trusted));
    return out.build();
  }

  static Text swapCase(Text text) {
    return mapCharacters(
        text,
        c -> Character.isUpperCase(c) ? lower(c) : Character.toString(c).toUpperCase(Locale.ROOT));
  }

  static Text reverse(Text text) {
    List<Value> characters = new ArrayList<>(Python.iterate(text));
    Collections.reverse(characters);
    return join(Text.EMPTY, characters);
  }

  static Text join(Text separator, List<? extends Value> parts) {
    Text.Builder out = new Text.Builder();
    for (int i = 0; i < parts.size(); i++) {
      if (i > 0) {
        out.append(separator);
      }
      out.append(Python.text(parts.get(i)));
    }
    return out.build();
  }

  /** Replaces from the left, at most {@code limit} times unless that is negative. */
  static Text replace(Text text, Text old, Text with, int limit) {
    String value = text.value();
    Text.Builder out = new Text.Builder();
    int from = 0;
    int done = 0;
    if (old.isEmpty()) {
      while (from <= value.length() && (limit < 0 || done < limit)) {
        out.append(with);
        done++;
        int next = from < value.length() ? value.offsetByCodePoints(from, 1) : from + 1;
        out.append(text.slice(from, Math.min(next, value.length())));
        from = next;
      }
      return out.append(text.slice(Math.min(from, value.length()), value.length())).build();
    }
    int at = value.indexOf(old.value());
    if (at < 0) {
      return text;
    }
    while (at >= 0 && (limit < 0 || done < limit)) {
      out.append(text.slice(from, at)).append(with);
      from = at + old.length();
      done++;
      at = value.indexOf(old.value(), from);
    }
    return out.append(text.slice(from, value.length())).build();
  }

  static Items split(Text text, Text separator, int limit) {
    if (separator.isEmpty()) {
      throw TemplateFailure.of("split needs a separator that is not empty");
    }
    List<Value> parts = new ArrayList<>();
    int from = 0;
    int at;
    while ((limit < 0 || parts.size() < limit)
        && (at = text.value().indexOf(separator.value(), from)) >= 0) {
      parts.add(text.slice(from, at));
      from = at + separator.length();
    }
    parts.add(text.slice(from, text.length()));
    Meter.chargeItems(parts.size());
    return Items.list(parts);
  }

  static Items splitRight(Text text, Text separator, int limit) {
    if (separator.isEmpty()) {
      throw TemplateFailure.of("rsplit needs a separator that is not empty");
    }
    List<Value> parts = new ArrayList<>();
    int to = text.length();
    int at;
    while ((limit < 0 || parts.size() < limit)
        && (at = text.value().lastIndexOf(separator.value(), to - separator.length())) >= 0) {
      parts.add(text.slice(at + separator.length(), to));
      to = at;
    }
    parts.add(text.slice(0, to));
    Meter.chargeItems(parts.size());
    return Items.list(parts.reversed());
  }

  /** Splits at runs of white space. */
  static Items splitWords(Text text, int limit) {
    List<Value> words = new ArrayList<>();
    Text rest = strip(text, Strings::isSpace, true, false);
    while (!rest.isEmpty()) {
      String value = rest.value();
      int end = 0;
      while (end < value.length() && !isSpace(value.charAt(end))) {
        end++;
      }
      if (end == value.length() || words.size() == limit) {
        words.add(rest);
        break;
      }
      words.add(rest.slice(0, end));
      int next = end;
      while (next < value.length() && isSpace(value.charAt(next))) {
        next++;
      }
      rest = rest.slice(next, value.length());
    }
    return Items.list(words);
  }

  static Items splitLines(Text text, boolean keepEnds) {
    List<Value> lines = new ArrayList<>();
    String value = text.value();
    int start = 0;
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      boolean ends =
          (c >= 0x0a && c <= 0x0d)
              || (c >= 0x1c && c <= 0x1e)
              || c == 0x85
              || c == 0x2028
              || c == 0x2029;
      if (ends) {
        int next =
            c == '\r' && i + 1 < value.length() && value.charAt(i + 1) == '\n' ? i + 2 : i + 1;
        lines.add(text.slice(start, keepEnds ? next : i));
        start = next;
        i = next - 1;
      }
    }
    if (start < value.length()) {
      lines.add(text.slice(start, value.length()));
    }
    Meter.chargeItems(lines.size());
    return Items.list(lines);
  }

  static boolean all(Text text, IntPredicate test) {
    return !text.isEmpty() && text.value().codePoints().allMatch(test);
  }

  private static String lower(int c) {
    return Character.toString(c).toLowerCase(Locale.ROOT);
  }

  private static String titleCase(int c) {
    int title = Character.toTitleCase(c);
    return title != c ? Character.toString(title) : Character.toString(c).toUpperCase(Locale.ROOT);
  }

  private static Text mapCharacters(Text text, java.util.function.IntFunction<String> mapping) {
    Text.Builder out = new Text.Builder();
    text.forEachCodePoint((c, trusted) -> out.append(mapping.apply(c), trusted));
    return out.build();
  }
}
