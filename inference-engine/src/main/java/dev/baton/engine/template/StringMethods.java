package dev.baton.engine.template;

import dev.baton.engine.template.Value.Bool;
import dev.baton.engine.template.Value.Function;
import dev.baton.engine.template.Value.Int;
import dev.baton.engine.template.Value.Items;
import dev.baton.engine.template.Value.None;
import java.util.List;
import java.util.function.BiPredicate;
import java.util.function.IntPredicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The methods of Python's {@code str} that templates call. */
final class StringMethods {
  private StringMethods() {}

  static @Nullable Function find(Text text, String name) {
    return switch (name) {
      case "strip" -> arguments -> strip(text, arguments, name, true, true);
      case "lstrip" -> arguments -> strip(text, arguments, name, true, false);
      case "rstrip" -> arguments -> strip(text, arguments, name, false, true);
      case "upper" -> plain(name, text, Strings::upper);
      case "lower", "casefold" -> plain(name, text, Strings::lower);
      case "title" -> plain(name, text, Strings::title);
      case "capitalize" -> plain(name, text, Strings::capitalize);
      case "swapcase" -> plain(name, text, Strings::swapCase);
      case "split" -> arguments -> split(text, arguments, name, false);
      case "rsplit" -> arguments -> split(text, arguments, name, true);
      case "splitlines" ->
          arguments ->
              Strings.splitLines(text, arguments.allow(name, "keepends").flag(0, "keepends"));
      case "startswith" -> arguments -> matches(text, arguments, name, String::startsWith);
      case "endswith" -> arguments -> matches(text, arguments, name, String::endsWith);
      case "replace" ->
          arguments ->
              Strings.replace(
                  text,
                  arguments.allow(name, "old", "new", "count").requireText(0, "old", name),
                  arguments.requireText(1, "new", name),
                  arguments.integer(2, "count", -1));
      case "join" ->
          arguments -> join(text, arguments.allow(name, "iterable").require(0, "iterable", name));
      case "find" -> arguments -> index(text, text.value().indexOf(part(arguments, name)));
      case "rfind" -> arguments -> index(text, text.value().lastIndexOf(part(arguments, name)));
      case "index" ->
          arguments -> {
            int at = text.value().indexOf(part(arguments, name));
            if (at < 0) {
              throw TemplateFailure.of("index: the string does not contain it");
            }
            return index(text, at);
          };
      case "count" ->
          arguments -> {
            Text part = arguments.allow(name, "sub").requireText(0, "sub", name);
            return part.isEmpty()
                ? new Int(text.codePointCount() + 1L)
                : new Int(Strings.split(text, part, -1).values().size() - 1L);
          };
      case "removeprefix" ->
          arguments -> {
            String prefix = part(arguments, name);
            return text.value().startsWith(prefix)
                ? text.slice(prefix.length(), text.length())
                : text;
          };
      case "removesuffix" ->
          arguments -> {
            String suffix = part(arguments, name);
            return text.value().endsWith(suffix)
                ? text.slice(0, text.length() - suffix.length())
                : text;
          };
      case "partition" -> arguments -> partition(text, part(arguments, name), false);
      case "rpartition" -> arguments -> partition(text, part(arguments, name), true);
      case "format" -> arguments -> Formatting.braces(text, arguments);
      case "isdigit", "isdecimal", "isnumeric" -> test(name, text, Character::isDigit);
      case "isalpha" -> test(name, text, Character::isLetter);
      case "isalnum" -> test(name, text, Character::isLetterOrDigit);
      case "isspace" -> test(name, text, Strings::isSpace);
      case "isupper" -> arguments -> Bool.of(cased(text, Strings.upper(text)));
      case "islower" -> arguments -> Bool.of(cased(text, Strings.lower(text)));
      default -> null;
    };
  }

  private static Function plain(String name, Text text, UnaryOperator<Text> method) {
    return arguments -> {
      arguments.allow(name);
      return method.apply(text);
    };
  }

  private static Function test(String name, Text text, IntPredicate test) {
    return arguments -> {
      arguments.allow(name);
      return Bool.of(Strings.all(text, test));
    };
  }

  private static boolean cased(Text text, Text mapped) {
    return text.equals(mapped) && !Strings.upper(text).equals(Strings.lower(text));
  }

  private static Text strip(
      Text text, Arguments arguments, String name, boolean left, boolean right) {
    Value characters = arguments.allow(name, "chars").get(0, "chars", None.NONE);
    if (characters == None.NONE) {
      return Strings.strip(text, Strings::isSpace, left, right);
    }
    String drop = arguments.requireText(0, "chars", name).value();
    return Strings.strip(text, c -> drop.indexOf(c) >= 0, left, right);
  }

  private static Items split(Text text, Arguments arguments, String name, boolean fromRight) {
    int limit = arguments.allow(name, "sep", "maxsplit").integer(1, "maxsplit", -1);
    if (arguments.get(0, "sep", None.NONE) == None.NONE) {
      if (fromRight && limit >= 0) {
        throw TemplateFailure.of("rsplit at white space with a limit is not supported");
      }
      return Strings.splitWords(text, limit);
    }
    Text separator = arguments.requireText(0, "sep", name);
    return fromRight
        ? Strings.splitRight(text, separator, limit)
        : Strings.split(text, separator, limit);
  }

  private static Bool matches(
      Text text, Arguments arguments, String name, BiPredicate<String, String> test) {
    Value wanted = arguments.allow(name, "prefix").require(0, "prefix", name);
    List<Value> options = wanted instanceof Items items ? items.values() : List.of(wanted);
    for (Value option : options) {
      if (!(option instanceof Text part)) {
        throw TemplateFailure.of(name + " needs a string, not " + Python.typeName(option));
      }
      if (test.test(text.value(), part.value())) {
        return Bool.TRUE;
      }
    }
    return Bool.FALSE;
  }

  private static Text join(Text separator, Value iterable) {
    List<Value> parts = Python.iterate(iterable);
    for (Value part : parts) {
      if (!(part instanceof Text)) {
        throw TemplateFailure.of("join needs strings, not " + Python.typeName(part));
      }
    }
    return Strings.join(separator, parts);
  }

  private static Items partition(Text text, String separator, boolean last) {
    int at = last ? text.value().lastIndexOf(separator) : text.value().indexOf(separator);
    if (at < 0) {
      return last
          ? Items.tuple(Text.EMPTY, Text.EMPTY, text)
          : Items.tuple(text, Text.EMPTY, Text.EMPTY);
    }
    int end = at + separator.length();
    return Items.tuple(text.slice(0, at), text.slice(at, end), text.slice(end, text.length()));
  }

  private static String part(Arguments arguments, String name) {
    return arguments.allow(name, "sub").requireText(0, "sub", name).value();
  }

  private static Int index(Text text, int at) {
    return new Int(at < 0 ? -1 : text.value().codePointCount(0, at));
  }
}
