package dev.baton.engine.template;

import dev.baton.engine.template.Value.Dict;
import dev.baton.engine.template.Value.Items;
import dev.baton.engine.template.Value.Kind;
import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;

/**
 * Python's two ways to fill in a string, as far as templates use them: {@code "%s" % x} with the
 * conversions s, r, d, i, f and x, and {@code "{}".format(x)} without format specifications.
 */
final class Formatting {
  private Formatting() {}

  static Text percent(Text format, Value argument) {
    List<Value> arguments =
        argument instanceof Items items && items.kind() == Kind.TUPLE
            ? items.values()
            : List.of(argument);
    return percent(format, arguments, argument instanceof Dict);
  }

  static Text percent(Text format, List<Value> arguments, boolean mayStayUnused) {
    Text.Builder out = new Text.Builder();
    String pattern = format.value();
    int from = 0;
    int used = 0;
    for (int at = pattern.indexOf('%'); at >= 0; at = pattern.indexOf('%', from)) {
      out.append(format.slice(from, at));
      int end = at + 1;
      while (end < pattern.length() && "-+ 0#.123456789".indexOf(pattern.charAt(end)) >= 0) {
        end++;
      }
      if (end == pattern.length()) {
        throw TemplateFailure.of("a format string ends inside a conversion");
      }
      char conversion = pattern.charAt(end);
      String flags = pattern.substring(at + 1, end);
      from = end + 1;
      if (conversion == '%') {
        out.append("%", false);
        continue;
      }
      if (used == arguments.size()) {
        throw TemplateFailure.of("a format string has more conversions than arguments");
      }
      out.append(convert(conversion, flags, arguments.get(used++)));
    }
    if (used < arguments.size() && !mayStayUnused) {
      throw TemplateFailure.of("a format string has fewer conversions than arguments");
    }
    return out.append(format.slice(from, pattern.length())).build();
  }

  private static Text convert(char conversion, String flags, Value value) {
    if (flags.length() > 8) {
      throw TemplateFailure.of("a format string asks for a conversion of undue width");
    }
    if (conversion == 's' || conversion == 'r') {
      Text text = conversion == 's' ? Python.text(value) : Python.repr(value);
      if (!flags.isEmpty()) {
        throw TemplateFailure.of("a format string uses %" + flags + conversion);
      }
      return text;
    }
    if (!Numbers.isNumber(value)) {
      throw TemplateFailure.of("%" + conversion + " needs a number, not " + Python.typeName(value));
    }
    return Text.untrusted(
        switch (conversion) {
          case 'd', 'i' ->
              ("%" + flags + "d")
                  .formatted(
                      Numbers.isWhole(value) ? Numbers.whole(value) : (long) Numbers.real(value));
          case 'x' -> ("%" + flags + "x").formatted(Numbers.whole(value));
          case 'f' -> real(flags, Numbers.real(value));
          default -> throw TemplateFailure.of("a format string uses %" + conversion);
        });
  }

  /** The exact decimal value is rounded, not the shortest digits that stand for it. */
  private static String real(String flags, double value) {
    return Double.isFinite(value)
        ? String.format(Locale.ROOT, "%" + flags + "f", new BigDecimal(value))
        : Numbers.repr(value);
  }

  static Text braces(Text format, Arguments arguments) {
    Text.Builder out = new Text.Builder();
    String pattern = format.value();
    int automatic = 0;
    int from = 0;
    for (int i = 0; i < pattern.length(); i++) {
      char c = pattern.charAt(i);
      if (c != '{' && c != '}') {
        continue;
      }
      out.append(format.slice(from, i));
      if (i + 1 < pattern.length() && pattern.charAt(i + 1) == c) {
        out.append(format.slice(i, i + 1));
        i++;
        from = i + 1;
        continue;
      }
      int end = pattern.indexOf('}', i);
      if (c == '}' || end < 0) {
        throw TemplateFailure.of("a format string has a single brace");
      }
      String field = pattern.substring(i + 1, end);
      out.append(
          Python.text(field.isEmpty() ? at(arguments, automatic++) : named(arguments, field)));
      i = end;
      from = end + 1;
    }
    return out.append(format.slice(from, pattern.length())).build();
  }

  private static Value named(Arguments arguments, String field) {
    if (field.chars().allMatch(c -> c >= '0' && c <= '9') && field.length() < 4) {
      return at(arguments, Integer.parseInt(field));
    }
    Value value = arguments.named().get(field);
    if (value == null) {
      throw TemplateFailure.of("a format string has a field that is not given or not supported");
    }
    return value;
  }

  private static Value at(Arguments arguments, int index) {
    if (index >= arguments.positional().size()) {
      throw TemplateFailure.of("a format string has more fields than arguments");
    }
    return arguments.positional().get(index);
  }
}
