package dev.baton.engine.template;

import dev.baton.engine.template.Value.Dict;
import dev.baton.engine.template.Value.Int;
import dev.baton.engine.template.Value.Items;
import dev.baton.engine.template.Value.Kind;
import dev.baton.engine.template.Value.None;
import dev.baton.engine.template.Value.Real;
import dev.baton.engine.template.Value.Undefined;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** Jinja's filters on single values; those that go through sequences are {@link ListFilters}. */
final class Filters {
  static final Set<String> NAMES =
      Set.of(
          "abs",
          "batch",
          "capitalize",
          "count",
          "d",
          "default",
          "dictsort",
          "e",
          "escape",
          "first",
          "float",
          "format",
          "indent",
          "int",
          "items",
          "join",
          "last",
          "length",
          "list",
          "lower",
          "map",
          "max",
          "min",
          "reject",
          "rejectattr",
          "replace",
          "reverse",
          "round",
          "safe",
          "select",
          "selectattr",
          "sort",
          "string",
          "sum",
          "title",
          "tojson",
          "trim",
          "unique",
          "upper",
          "wordcount");

  private static final Pattern WHOLE = Pattern.compile("[+-]?\\d{1,18}");
  private static final Pattern REAL =
      Pattern.compile("[+-]?(\\d+(\\.\\d*)?|\\.\\d+)([eE][+-]?\\d{1,4})?|[+-]?(inf|nan)");
  private static final Pattern WORD = Pattern.compile("\\w+", Pattern.UNICODE_CHARACTER_CLASS);

  private Filters() {}

  static Value apply(String filter, Value value, Arguments arguments) {
    return switch (filter) {
      case "abs" -> absolute(value);
      case "capitalize" -> Strings.capitalize(Python.text(value));
      case "count", "length" -> new Int(Python.length(value));
      case "d", "default" -> otherwise(value, arguments);
      case "e", "escape" -> escape(Python.text(value));
      case "float" -> real(value, arguments.get(0, "default", new Real(0)));
      case "format" -> Formatting.percent(Python.text(value), arguments.positional(), false);
      case "indent" -> indent(Python.text(value), arguments);
      case "int" -> whole(value, arguments.allow("int", "default").get(0, "default", new Int(0)));
      case "lower" -> Strings.lower(Python.text(value));
      case "replace" ->
          Strings.replace(
              Python.text(value),
              Python.text(
                  arguments.allow("replace", "old", "new", "count").require(0, "old", "replace")),
              Python.text(arguments.require(1, "new", "replace")),
              arguments.get(2, "count", None.NONE) == None.NONE
                  ? -1
                  : arguments.integer(2, "count", -1));
      case "round" -> round(value, arguments);
      case "safe", "string" -> Python.text(value);
      case "title" -> Strings.titleWords(Python.text(value));
      case "tojson" -> Json.write(value, arguments);
      case "trim" -> trim(Python.text(value), arguments);
      case "upper" -> Strings.upper(Python.text(value));
      case "wordcount" -> new Int(WORD.matcher(Python.text(value).value()).results().count());
      default -> ListFilters.apply(filter, value, arguments);
    };
  }

  private static Value absolute(Value value) {
    if (!Numbers.isNumber(value)) {
      throw TemplateFailure.of("abs needs a number, not " + Python.typeName(value));
    }
    return Numbers.real(value) < 0 ? Operators.negate(value) : Operators.plus(value);
  }

  private static Value otherwise(Value value, Arguments arguments) {
    arguments.allow("default", "default_value", "boolean");
    boolean falseToo = arguments.flag(1, "boolean");
    boolean replaced = value instanceof Undefined || (falseToo && !Python.truth(value));
    return replaced ? arguments.get(0, "default_value", Text.EMPTY) : value;
  }

  private static Text escape(Text text) {
    Text.Builder out = new Text.Builder();
    text.forEachCodePoint((c, trusted) -> {
      switch (c) {
        case '&' -> out.append("&amp;", trusted);
        case '<' -> out.append("&lt;", trusted);
        case '>' -> out.append("&gt;", trusted);
        case '\'' -> out.append("&#39;", trusted);
        case '"' -> out.append("&#34;", trusted);
        default -> out.appendCodePoint(c, trusted);
      }
    });
    return out.build();
  }

  private static Value real(Value value, Value otherwise) {
    if (Numbers.isNumber(value)) {
      return new Real(Numbers.real(value));
    }
    if (value instanceof Text text) {
      String digits = Strings.strip(text).value().replace("_", "");
      if (REAL.matcher(digits).matches()) {
        return new Real(
            Double.parseDouble(digits.replace("inf", "Infinity").replace("nan", "NaN")));
      }
    }
    return otherwise;
  }

  private static Value whole(Value value, Value otherwise) {
    if (Numbers.isWhole(value)) {
      return new Int(Numbers.whole(value));
    }
    if (value instanceof Text text) {
      String digits = Strings.strip(text).value();
      if (WHOLE.matcher(digits).matches()) {
        return new Int(Long.parseLong(digits));
      }
    }
    if (real(value, None.NONE) instanceof Real number && Double.isFinite(number.value())) {
      return new Int((long) number.value());
    }
    return otherwise;
  }

  private static Text indent(Text text, Arguments arguments) {
    arguments.allow("indent", "width", "first", "blank");
    Text margin =
        arguments.find(0, "width") instanceof Text given
            ? given
            : Text.trusted(" ".repeat(Math.clamp(arguments.integer(0, "width", 4), 0, 1000)));
    boolean blank = arguments.flag(2, "blank");
    Text newline = Text.trusted("\n");
    List<Value> lines = Strings.splitLines(text.plus(newline), false).values();
    Text.Builder out = new Text.Builder();
    for (int i = 0; i < lines.size(); i++) {
      Text line = (Text) lines.get(i);
      out.append(i > 0 ? newline : Text.EMPTY);
      if (i == 0 ? arguments.flag(1, "first") : blank || !line.isEmpty()) {
        out.append(margin);
      }
      out.append(line);
    }
    return out.build();
  }

  private static Value round(Value value, Arguments arguments) {
    arguments.allow("round", "precision", "method");
    if (!Numbers.isNumber(value)) {
      throw TemplateFailure.of("round needs a number, not " + Python.typeName(value));
    }
    int precision = Math.clamp(arguments.integer(0, "precision", 0), -300, 300);
    String method = arguments.text(1, "method", "common").value();
    if (method.equals("common") && Numbers.isWhole(value) && precision >= 0) {
      return new Int(Numbers.whole(value));
    }
    RoundingMode mode =
        switch (method) {
          case "common" -> RoundingMode.HALF_EVEN;
          case "ceil" -> RoundingMode.CEILING;
          case "floor" -> RoundingMode.FLOOR;
          default -> throw TemplateFailure.of("round knows common, ceil and floor");
        };
    double number = Numbers.real(value);
    return new Real(
        Double.isFinite(number)
            ? new BigDecimal(number).setScale(precision, mode).doubleValue()
            : number);
  }

  private static Text trim(Text text, Arguments arguments) {
    arguments.allow("trim", "chars");
    if (arguments.get(0, "chars", None.NONE) == None.NONE) {
      return Strings.strip(text);
    }
    String drop = arguments.requireText(0, "chars", "trim").value();
    return Strings.strip(text, c -> drop.indexOf(c) >= 0, true, true);
  }

  /** The items of a dict, in pairs. */
  static Value items(Value value) {
    return switch (value) {
      case Dict dict -> Access.items(dict, Kind.ITERATOR);
      case Undefined undefined -> Items.iterator(new ArrayList<>());
      default -> throw TemplateFailure.of("items needs a mapping, not " + Python.typeName(value));
    };
  }
}
