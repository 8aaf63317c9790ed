package dev.baton.engine.template;

import dev.baton.engine.template.Value.Bool;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a call passes: values by position, then by name. */
record Arguments(List<Value> positional, Map<String, Value> named) {
  static final Arguments NONE = new Arguments(List.of(), Map.of());

  int size() {
    return positional.size() + named.size();
  }

  /** The argument of that position or name, or null when it was not passed. */
  @Nullable Value find(int position, String name) {
    return position < positional.size() ? positional.get(position) : named.get(name);
  }

  Value require(int position, String name, String callee) {
    Value value = find(position, name);
    if (value == null) {
      throw TemplateFailure.of(callee + " needs the argument '" + name + "'");
    }
    return value;
  }

  Value get(int position, String name, Value otherwise) {
    Value value = find(position, name);
    return value != null ? value : otherwise;
  }

  boolean flag(int position, String name) {
    return Python.truth(get(position, name, Bool.FALSE));
  }

  Text text(int position, String name, String otherwise) {
    Value value = find(position, name);
    return value == null ? Text.trusted(otherwise) : Python.text(value);
  }

  Text requireText(int position, String name, String callee) {
    if (require(position, name, callee) instanceof Text text) {
      return text;
    }
    throw TemplateFailure.of(callee + " needs a string as '" + name + "'");
  }

  int integer(int position, String name, int otherwise) {
    Value value = find(position, name);
    if (value == null) {
      return otherwise;
    }
    if (!Numbers.isWhole(value)) {
      throw TemplateFailure.of(
          "'" + name + "' must be a whole number, not " + Python.typeName(value));
    }
    return (int) Math.clamp(Numbers.whole(value), Integer.MIN_VALUE, Integer.MAX_VALUE);
  }

  /** These arguments without the first. */
  Arguments rest() {
    return new Arguments(positional.subList(1, positional.size()), named);
  }

  /** Refuses arguments that the callee does not know. */
  Arguments allow(String callee, String... names) {
    List<String> known = List.of(names);
    if (positional.size() > names.length) {
      throw TemplateFailure.of(
          "%s takes at most %d arguments, not %d"
              .formatted(callee, names.length, positional.size()));
    }
    for (String name : named.keySet()) {
      if (!known.contains(name)) {
        throw TemplateFailure.of(callee + " has no argument '" + name + "'");
      }
    }
    return this;
  }
}
