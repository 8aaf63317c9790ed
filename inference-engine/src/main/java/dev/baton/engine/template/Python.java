package dev.baton.engine.template;

import dev.baton.engine.template.Value.Bool;
import dev.baton.engine.template.Value.Dict;
import dev.baton.engine.template.Value.Function;
import dev.baton.engine.template.Value.Int;
import dev.baton.engine.template.Value.Items;
import dev.baton.engine.template.Value.Kind;
import dev.baton.engine.template.Value.Namespace;
import dev.baton.engine.template.Value.None;
import dev.baton.engine.template.Value.Real;
import dev.baton.engine.template.Value.Undefined;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What Python's built-ins say of a value: {@code bool}, {@code len}, {@code iter}, {@code str}. */
final class Python {
  private Python() {}

  static boolean truth(Value value) {
    return switch (value) {
      case None none -> false;
      case Undefined undefined -> false;
      case Bool bool -> bool.value();
      case Int number -> number.value() != 0;
      case Real number -> number.value() != 0;
      case Text text -> !text.isEmpty();
      case Items items -> items.kind() == Kind.ITERATOR || !items.values().isEmpty();
      case Dict dict -> !dict.entries().isEmpty();
      case Namespace namespace -> true;
      case Function function -> true;
      case LoopState loop -> true;
    };
  }

  static String typeName(Value value) {
    return switch (value) {
      case None none -> "None";
      case Undefined undefined -> "undefined";
      case Bool bool -> "bool";
      case Int number -> "int";
      case Real number -> "float";
      case Text text -> "str";
      case Items items ->
          switch (items.kind()) {
            case LIST -> "list";
            case TUPLE -> "tuple";
            case VIEW -> "dict view";
            case ITERATOR -> "generator";
          };
      case Dict dict -> "dict";
      case Namespace namespace -> "namespace";
      case Function function -> "function";
      case LoopState loop -> "loop";
    };
  }

  /** Python's {@code str}. */
  static Text text(Value value) {
    return switch (value) {
      case Text text -> text;
      case Undefined undefined -> Text.EMPTY;
      default -> repr(value);
    };
  }

  static int length(Value value) {
    return switch (value) {
      case Text text -> text.codePointCount();
      case Items items when items.kind() != Kind.ITERATOR -> items.values().size();
      case Dict dict -> dict.entries().size();
      case Undefined undefined -> 0;
      case LoopState loop -> loop.length();
      default -> throw TemplateFailure.of(typeName(value) + " has no length");
    };
  }

  /** What a loop over the value visits. */
  static List<Value> iterate(Value value) {
    return switch (value) {
      case Items items -> items.values();
      case Dict dict -> List.copyOf(dict.entries().keySet());
      case Undefined undefined -> List.of();
      case Text text -> {
        List<Value> characters = new ArrayList<>(text.length());
        Meter.chargeItems(text.length());
        text.forEachCodePoint((c, trusted) ->
            characters.add(
                trusted
                    ? Text.trusted(Character.toString(c))
                    : Text.untrusted(Character.toString(c))));
        yield characters;
      }
      default -> throw TemplateFailure.of(typeName(value) + " can not be iterated");
    };
  }

  /** Python's {@code repr}. */
  static Text repr(Value value) {
    Text.Builder out = new Text.Builder();
    repr(value, out, 0);
    return out.build();
  }

  private static void repr(Value value, Text.Builder out, int depth) {
    int inside = Meter.deeper(depth);
    Meter.charge(1);
    switch (value) {
      case None none -> out.append("None", false);
      case Undefined undefined -> out.append("Undefined", false);
      case Bool bool -> out.append(bool.value() ? "True" : "False", false);
      case Int number -> out.append(Long.toString(number.value()), false);
      case Real number -> out.append(Numbers.repr(number.value()), false);
      case Text text -> quote(text, out);
      case Items items -> reprItems(items, out, inside);
      case Dict dict -> {
        String separator = "{";
        for (Map.Entry<Value, Value> entry : dict.entries().entrySet()) {
          out.append(separator, false);
          repr(entry.getKey(), out, inside);
          out.append(": ", false);
          repr(entry.getValue(), out, inside);
          separator = ", ";
        }
        out.append(dict.entries().isEmpty() ? "{}" : "}", false);
      }
      case Namespace namespace -> out.append("<Namespace>", false);
      case Function function -> out.append("<function>", false);
      case LoopState loop -> out.append("<LoopContext>", false);
    }
  }

  private static void reprItems(Items items, Text.Builder out, int depth) {
    if (items.kind() == Kind.ITERATOR) {
      out.append("<generator>", false);
      return;
    }
    boolean tuple = items.kind() == Kind.TUPLE;
    String separator = tuple ? "(" : items.kind() == Kind.VIEW ? "dict_view([" : "[";
    out.append(separator, false);
    for (int i = 0; i < items.values().size(); i++) {
      out.append(i > 0 ? ", " : "", false);
      repr(items.values().get(i), out, depth);
    }
    boolean single = tuple && items.values().size() == 1;
    out.append(single ? ",)" : tuple ? ")" : items.kind() == Kind.VIEW ? "])" : "]", false);
  }

  private static void quote(Text text, Text.Builder out) {
    boolean doubled = text.value().indexOf('\'') >= 0 && text.value().indexOf('"') < 0;
    char quote = doubled ? '"' : '\'';
    out.append(String.valueOf(quote), false);
    text.forEachCodePoint((c, trusted) -> {
      switch (c) {
        case '\n' -> out.append("\\n", trusted);
        case '\r' -> out.append("\\r", trusted);
        case '\t' -> out.append("\\t", trusted);
        case '\\' -> out.append("\\\\", trusted);
        default -> {
          if (c == quote) {
            out.append("\\" + quote, trusted);
          } else if (Strings.isPrintable(c)) {
            out.appendCodePoint(c, trusted);
          } else if (c < 0x100) {
            out.append("\\x%02x".formatted(c), trusted);
          } else {
            out.append((c < 0x10000 ? "\\u%04x" : "\\U%08x").formatted(c), trusted);
          }
        }
      }
    });
    out.append(String.valueOf(quote), false);
  }
}
