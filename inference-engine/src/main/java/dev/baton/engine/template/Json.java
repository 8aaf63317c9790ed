package dev.baton.engine.template;

import dev.baton.engine.template.Value.Bool;
import dev.baton.engine.template.Value.Dict;
import dev.baton.engine.template.Value.Int;
import dev.baton.engine.template.Value.Items;
import dev.baton.engine.template.Value.Kind;
import dev.baton.engine.template.Value.None;
import dev.baton.engine.template.Value.Real;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The {@code tojson} filter as Hugging Face defines it: Python's {@code json.dumps} with {@code
 * ensure_ascii=False}. Models were trained on its very spacing.
 */
final class Json {
  private final boolean ascii;
  private final @Nullable String indent;
  private final boolean sortKeys;
  private final Text itemSeparator;
  private final Text keySeparator;
  private final Text.Builder out = new Text.Builder();

  private Json(Arguments arguments) {
    arguments.allow("tojson", "ensure_ascii", "indent", "separators", "sort_keys");
    this.ascii = arguments.flag(0, "ensure_ascii");
    Value wanted = arguments.get(1, "indent", None.NONE);
    this.indent =
        wanted == None.NONE
            ? null
            : wanted instanceof Text text
                ? text.value()
                : " ".repeat(Math.clamp(arguments.integer(1, "indent", 0), 0, 64));
    if (arguments.get(2, "separators", None.NONE) instanceof Items pair
        && pair.values().size() == 2
        && pair.values().get(0) instanceof Text item
        && pair.values().get(1) instanceof Text key) {
      this.itemSeparator = item;
      this.keySeparator = key;
    } else {
      this.itemSeparator = Text.untrusted(indent == null ? ", " : ",");
      this.keySeparator = Text.untrusted(": ");
    }
    this.sortKeys = arguments.flag(3, "sort_keys");
  }

  static Text write(Value value, Arguments arguments) {
    Json json = new Json(arguments);
    json.write(value, 0);
    return json.out.build();
  }

  private void write(Value value, int depth) {
    Meter.charge(1);
    int inside = Meter.deeper(depth);
    switch (value) {
      case None none -> out.append("null", false);
      case Bool bool -> out.append(bool.value() ? "true" : "false", false);
      case Int number -> out.append(Long.toString(number.value()), false);
      case Real number -> out.append(real(number.value()), false);
      case Text text -> quote(text);
      case Items items when items.kind() == Kind.LIST || items.kind() == Kind.TUPLE -> {
        out.append("[", false);
        for (int i = 0; i < items.values().size(); i++) {
          separate(i, inside);
          write(items.values().get(i), inside);
        }
        close(items.values().isEmpty(), depth, "]");
      }
      case Dict dict -> writeEntries(dict, depth, inside);
      default ->
          throw TemplateFailure.of(
              "tojson can not write a value of type " + Python.typeName(value));
    }
  }

  private void writeEntries(Dict dict, int depth, int inside) {
    List<Map.Entry<Value, Value>> entries = new ArrayList<>(dict.entries().entrySet());
    if (sortKeys) {
      entries.sort((a, b) -> Operators.compare("<", a.getKey(), b.getKey()));
    }
    out.append("{", false);
    for (int i = 0; i < entries.size(); i++) {
      separate(i, inside);
      quote(key(entries.get(i).getKey()));
      out.append(keySeparator);
      write(entries.get(i).getValue(), inside);
    }
    close(entries.isEmpty(), depth, "}");
  }

  private void separate(int index, int depth) {
    if (index > 0) {
      out.append(itemSeparator);
    }
    newLine(depth);
  }

  private void close(boolean empty, int depth, String bracket) {
    if (!empty) {
      newLine(depth);
    }
    out.append(bracket, false);
  }

  private void newLine(int depth) {
    if (indent != null) {
      out.append("\n", false).append(indent.repeat(depth), false);
    }
  }

  private static Text key(Value key) {
    return switch (key) {
      case Text text -> text;
      case None none -> Text.untrusted("null");
      case Bool bool -> Text.untrusted(bool.value() ? "true" : "false");
      case Int number -> Text.untrusted(Long.toString(number.value()));
      case Real number -> Text.untrusted(real(number.value()));
      default ->
          throw TemplateFailure.of("tojson can not write a key of type " + Python.typeName(key));
    };
  }

  private static String real(double value) {
    if (Double.isNaN(value)) {
      return "NaN";
    }
    return Double.isInfinite(value) ? (value > 0 ? "Infinity" : "-Infinity") : Numbers.repr(value);
  }

  private void quote(Text text) {
    out.append("\"", false);
    text.forEachCodePoint((c, trusted) -> {
      switch (c) {
        case '"' -> out.append("\\\"", trusted);
        case '\\' -> out.append("\\\\", trusted);
        case '\n' -> out.append("\\n", trusted);
        case '\r' -> out.append("\\r", trusted);
        case '\t' -> out.append("\\t", trusted);
        case '\f' -> out.append("\\f", trusted);
        case '\b' -> out.append("\\b", trusted);
        default -> {
          if (c < 0x20 || (ascii && c > 0x7e)) {
            for (char unit : Character.toChars(c)) {
              out.append("\\u%04x".formatted((int) unit), trusted);
            }
          } else {
            out.appendCodePoint(c, trusted);
          }
        }
      }
    });
    out.append("\"", false);
  }
}
