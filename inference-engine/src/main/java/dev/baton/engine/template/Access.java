package dev.baton.engine.template;

import dev.baton.engine.template.Value.Dict;
import dev.baton.engine.template.Value.Function;
import dev.baton.engine.template.Value.Int;
import dev.baton.engine.template.Value.Items;
import dev.baton.engine.template.Value.Kind;
import dev.baton.engine.template.Value.Namespace;
import dev.baton.engine.template.Value.None;
import dev.baton.engine.template.Value.Undefined;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Attributes, items and slices as Jinja looks them up: {@code a.b} tries the attribute before the
 * item, {@code a['b']} the item before the attribute. What is not there is undefined; only looking
 * into something undefined fails.
 */
final class Access {
  private Access() {}

  static Value attribute(Value object, String name) {
    if (object instanceof Undefined undefined) {
      throw undefined.failure();
    }
    Value attribute = attributeOrNull(object, name);
    if (attribute != null) {
      return attribute;
    }
    Value item = object instanceof Dict dict ? dict.entries().get(Text.trusted(name)) : null;
    return item != null ? item : missing(object, name);
  }

  static Value item(Value object, Value key) {
    if (object instanceof Undefined undefined) {
      throw undefined.failure();
    }
    Value item = itemOrNull(object, key);
    if (item != null) {
      return item;
    }
    if (key instanceof Text name) {
      Value attribute = attributeOrNull(object, name.value());
      return attribute != null ? attribute : missing(object, name.redacted());
    }
    return new Undefined(Python.typeName(object) + " object has no such element");
  }

  private static @Nullable Value itemOrNull(Value object, Value key) {
    if (object instanceof Dict dict) {
      return dict.entries().get(key);
    }
    if (!Numbers.isWhole(key)) {
      return null;
    }
    long index = Numbers.whole(key);
    if (object instanceof Text text) {
      int count = text.codePointCount();
      long at = index < 0 ? index + count : index;
      if (at < 0 || at >= count) {
        return null;
      }
      int start = text.value().offsetByCodePoints(0, (int) at);
      return text.slice(start, text.value().offsetByCodePoints(start, 1));
    }
    if (object instanceof Items items && isIndexed(items)) {
      int count = items.values().size();
      long at = index < 0 ? index + count : index;
      return at < 0 || at >= count ? null : items.values().get((int) at);
    }
    return null;
  }

  private static @Nullable Value attributeOrNull(Value object, String name) {
    return switch (object) {
      case Text text -> StringMethods.find(text, name);
      case Dict dict -> dictMethod(dict, name);
      case Items items -> isIndexed(items) ? listMethod(items, name) : null;
      case Namespace namespace -> namespace.get(name);
      case LoopState loop -> loop.attribute(name);
      default -> null;
    };
  }

  private static Undefined missing(Value object, String name) {
    return new Undefined(
        object == None.NONE
            ? "None has no attribute '" + name + "'"
            : Python.typeName(object) + " object has no attribute '" + name + "'");
  }

  private static boolean isIndexed(Items items) {
    return items.kind() == Kind.LIST || items.kind() == Kind.TUPLE;
  }

  private static @Nullable Function dictMethod(Dict dict, String name) {
    return switch (name) {
      case "get" ->
          arguments -> {
            Value value = dict.entries().get(arguments.require(0, "key", "get"));
            return value != null ? value : arguments.get(1, "default", None.NONE);
          };
      case "items" -> arguments -> items(dict, Kind.VIEW);
      case "keys" -> arguments -> new Items(Kind.VIEW, List.copyOf(dict.entries().keySet()));
      case "values" -> arguments -> new Items(Kind.VIEW, List.copyOf(dict.entries().values()));
      case "copy" -> arguments -> dict;
      default -> null;
    };
  }

  /** Pairs of key and value. */
  static Items items(Dict dict, Kind kind) {
    List<Value> pairs = new ArrayList<>(dict.entries().size());
    Meter.chargeItems(dict.entries().size());
    for (Map.Entry<Value, Value> entry : dict.entries().entrySet()) {
      pairs.add(Items.tuple(entry.getKey(), entry.getValue()));
    }
    return new Items(kind, pairs);
  }

  private static @Nullable Function listMethod(Items items, String name) {
    return switch (name) {
      case "index" ->
          arguments -> {
            Meter.charge(items.values().size());
            int index = items.values().indexOf(arguments.require(0, "value", "index"));
            if (index < 0) {
              throw TemplateFailure.of("index: the value is not in the list");
            }
            return new Int(index);
          };
      case "count" ->
          arguments -> {
            Meter.charge(items.values().size());
            Value wanted = arguments.require(0, "value", "count");
            return new Int(items.values().stream().filter(wanted::equals).count());
          };
      case "copy" -> arguments -> items;
      default -> null;
    };
  }

  /** Python's {@code object[start:stop:step]}; null stands for a part left out. */
  static Value slice(
      Value object, @Nullable Value start, @Nullable Value stop, @Nullable Value step) {
    long stride = bound(step, 1);
    if (stride == 0) {
      throw TemplateFailure.of("a slice's step must not be zero");
    }
    if (object instanceof Text text && stride == 1) {
      int count = text.codePointCount();
      int from = clamp(bound(start, 0), count, 0, count);
      int to = Math.max(from, clamp(bound(stop, count), count, 0, count));
      int first = text.value().offsetByCodePoints(0, from);
      return text.slice(first, text.value().offsetByCodePoints(first, to - from));
    }
    List<Value> values =
        switch (object) {
          case Text text -> Python.iterate(text);
          case Items items when isIndexed(items) -> items.values();
          case Undefined undefined -> throw undefined.failure();
          default ->
              throw TemplateFailure.of(Python.typeName(object) + " object can not be sliced");
        };
    int count = values.size();
    boolean up = stride > 0;
    int from = clamp(bound(start, up ? 0 : count - 1L), count, up ? 0 : -1, up ? count : count - 1);
    int to =
        stop == null || stop == None.NONE
            ? (up ? count : -1)
            : clamp(bound(stop, 0), count, up ? 0 : -1, up ? count : count - 1);
    List<Value> taken = new ArrayList<>();
    for (long i = from; up ? i < to : i > to; i += stride) {
      taken.add(values.get((int) i));
    }
    Meter.chargeItems(taken.size());
    return object instanceof Items items
        ? new Items(items.kind(), taken)
        : Strings.join(Text.EMPTY, taken);
  }

  private static long bound(@Nullable Value value, long otherwise) {
    if (value == null || value == None.NONE) {
      return otherwise;
    }
    if (!Numbers.isWhole(value)) {
      throw TemplateFailure.of("a slice needs whole numbers, not " + Python.typeName(value));
    }
    return Math.clamp(Numbers.whole(value), -Integer.MAX_VALUE, Integer.MAX_VALUE);
  }

  private static int clamp(long bound, int count, int low, int high) {
    return (int) Math.clamp(bound < 0 ? bound + count : bound, low, Math.max(low, high));
  }
}
