package dev.baton.admin.usage;

import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A part of a list.
 *
 * @param nextCursor asks for the next part as {@code ?cursor=}; null when this is the last one
 */
record Listing<T>(List<T> items, @Nullable String nextCursor) {
  Listing {
    items = List.copyOf(items);
  }

  /** All there is. */
  static <T> Listing<T> whole(List<T> all) {
    return new Listing<>(all, null);
  }

  /** At most {@code limit} elements, from one more than that if there are more. */
  static <T> Listing<T> of(List<T> found, int limit, Function<T, String> cursor) {
    if (found.size() <= limit) {
      return whole(found);
    }
    List<T> items = found.subList(0, limit);
    return new Listing<>(items, cursor.apply(items.getLast()));
  }
}
