package dev.baton.engine.template;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Names and their values in one block; what is not set here is looked up around it. */
final class Scope {
  private final @Nullable Scope around;
  private final Map<String, Value> values = HashMap.newHashMap(4);

  Scope(@Nullable Scope around) {
    this.around = around;
  }

  void set(String name, Value value) {
    values.put(name, value);
  }

  Value get(String name) {
    for (Scope scope = this; scope != null; scope = scope.around) {
      Value value = scope.values.get(name);
      if (value != null) {
        return value;
      }
    }
    return Value.Undefined.named(name);
  }
}
