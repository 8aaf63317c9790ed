package dev.baton.admin.http;

import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A part of a list.
 *
 * @param nextCursor asks for the next part as {@code ?cursor=}; null when this is the last one
 */
public record Page<T>(List<T> items, @Nullable String nextCursor) {
  private static final int DEFAULT_LIMIT = 50;
  private static final int MAX_LIMIT = 200;

  public Page {
    items = List.copyOf(items);
  }

  /**
   * A page of at most {@code limit} elements, from one more than that if there are more.
   *
   * @param cursor names the element behind which the next page begins
   */
  public static <T> Page<T> of(List<T> found, int limit, Function<T, String> cursor) {
    if (found.size() <= limit) {
      return whole(found);
    }
    List<T> items = found.subList(0, limit);
    return new Page<>(items, cursor.apply(items.getLast()));
  }

  /** All there is. */
  public static <T> Page<T> whole(List<T> all) {
    return new Page<>(all, null);
  }

  /** The limit a request asks for, checked. */
  public static int limit(@Nullable Integer asked) {
    int limit = asked == null ? DEFAULT_LIMIT : asked;
    if (limit < 1 || limit > MAX_LIMIT) {
      throw AdminProblem.invalid("limit", "must be between 1 and " + MAX_LIMIT + ", not " + limit);
    }
    return limit;
  }
}
