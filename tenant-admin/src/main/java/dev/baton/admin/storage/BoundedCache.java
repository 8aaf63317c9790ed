package dev.baton.admin.storage;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Remembers values up to a total weight and forgets the least recently used first. The lock is held
 * for a few map operations, so that it needs no finer design at the rates of a front door.
 */
public final class BoundedCache<K, V> {
  private final long capacity;
  private final ToLongFunction<V> weight;
  private final Map<K, V> values = new LinkedHashMap<>(16, 0.75f, true);
  private long total;

  public BoundedCache(long capacity, ToLongFunction<V> weight) {
    this.capacity = capacity;
    this.weight = weight;
  }

  public synchronized @Nullable V get(K key) {
    return values.get(key);
  }

  public synchronized void put(K key, V value) {
    remove(key);
    values.put(key, value);
    total += weight.applyAsLong(value);
    Iterator<V> eldest = values.values().iterator();
    while (total > capacity && eldest.hasNext()) {
      total -= weight.applyAsLong(eldest.next());
      eldest.remove();
    }
  }

  public synchronized void remove(K key) {
    V removed = values.remove(key);
    if (removed != null) {
      total -= weight.applyAsLong(removed);
    }
  }

  public synchronized void removeIf(Predicate<V> condition) {
    values
        .values()
        .removeIf(value -> {
          boolean goes = condition.test(value);
          if (goes) {
            total -= weight.applyAsLong(value);
          }
          return goes;
        });
  }

  /** Replaces values by others of the same weight. */
  public synchronized void replaceAll(UnaryOperator<V> change) {
    values.replaceAll((key, value) -> change.apply(value));
  }

  public synchronized long totalWeight() {
    return total;
  }
}
