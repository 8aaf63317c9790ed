package dev.baton.admin.usage;

import dev.baton.admin.http.AdminProblem;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which usage is asked for.
 *
 * @param from begin of the first bucket
 * @param to end of the last bucket, exclusive
 */
record UsageQuery(Bucket bucket, Instant from, Instant to, Set<Group> groups) {
  private static final int MOST_BUCKETS = 10_000;
  private static final int DEFAULT_BUCKETS = 60;
  private static final Instant LATEST = Instant.parse("9999-01-01T00:00:00Z");

  /** What sums can be told apart by. */
  enum Group {
    TENANT("tenant"),
    KEY("key"),
    PROMPT_VERSION("promptVersion"),
    FINISH("finish");

    private final String text;

    Group(String text) {
      this.text = text;
    }
  }

  /**
   * Reads a query's parameters; without times the last 60 buckets.
   *
   * @throws AdminProblem 400
   */
  static UsageQuery parse(
      @Nullable String bucket,
      @Nullable String from,
      @Nullable String to,
      @Nullable String groupBy,
      Instant now) {
    Bucket length =
        Arrays.stream(Bucket.values())
            .filter(known -> known.text().equals(bucket == null ? "hour" : bucket))
            .findFirst()
            .orElseThrow(() -> AdminProblem.invalid("bucket", "must be minute, hour or day"));
    Instant end = length.ceil(to == null ? now.plusMillis(1) : time("to", to));
    Instant start =
        from == null
            ? end.minus(length.length().multipliedBy(DEFAULT_BUCKETS))
            : length.floor(time("from", from));
    if (!start.isBefore(end)) {
      throw AdminProblem.invalid("from", "must be before to");
    }
    if (Duration.between(start, end).dividedBy(length.length()) > MOST_BUCKETS) {
      throw AdminProblem.invalid(
          "from",
          "and to span more than %d buckets; ask for less time or a longer bucket"
              .formatted(MOST_BUCKETS));
    }
    return new UsageQuery(length, start, end, groups(groupBy));
  }

  /** An RFC 3339 time of this age of computing. */
  static Instant time(String parameter, String text) {
    try {
      Instant time = OffsetDateTime.parse(text.replace(' ', '+')).toInstant();
      if (time.isAfter(Instant.EPOCH) && time.isBefore(LATEST)) {
        return time;
      }
    } catch (DateTimeException e) {
      // Told below, as a time that is out of range.
    }
    throw AdminProblem.invalid(parameter, "must be a time such as 2030-01-31T12:00:00Z");
  }

  private static Set<Group> groups(@Nullable String groupBy) {
    Set<Group> groups = EnumSet.noneOf(Group.class);
    for (String name : groupBy == null || groupBy.isEmpty() ? new String[0] : groupBy.split(",")) {
      groups.add(
          Arrays.stream(Group.values())
              .filter(group -> group.text.equals(name))
              .findFirst()
              .orElseThrow(() ->
                  AdminProblem.invalid(
                      "groupBy", "must list some of tenant, key, promptVersion, finish")));
    }
    return groups;
  }

  boolean by(Group group) {
    return groups.contains(group);
  }

  boolean covers(Instant start) {
    return !start.isBefore(from) && start.isBefore(to);
  }
}
