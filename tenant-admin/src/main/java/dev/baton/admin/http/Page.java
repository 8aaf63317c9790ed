package dev.baton.admin.http;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A part of a list; the next one begins behind the id of the last element.
 *
 * @param hasMore whether there is a next one
 */
public record Page<T>(List<T> data, @JsonProperty("has_more") boolean hasMore) {
  private static final int DEFAULT_LIMIT = 50;
  private static final int MAX_LIMIT = 200;

  public Page {
    data = List.copyOf(data);
  }

  /** A page of at most {@code limit} elements, from one more than that if there are more. */
  public static <T> Page<T> of(List<T> found, int limit) {
    return found.size() > limit
        ? new Page<>(found.subList(0, limit), true)
        : new Page<>(found, false);
  }

  /** All there is. */
  public static <T> Page<T> whole(List<T> all) {
    return new Page<>(all, false);
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
