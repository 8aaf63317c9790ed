package dev.baton.engine.bench;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One result: named values, in order. */
public final class Row {
  private final Map<String, @Nullable Object> values = new LinkedHashMap<>();

  public Row put(String key, @Nullable Object value) {
    values.put(key, value);
    return this;
  }

  public @Nullable Object get(String key) {
    return values.get(key);
  }

  public Map<String, @Nullable Object> values() {
    return values;
  }
}
