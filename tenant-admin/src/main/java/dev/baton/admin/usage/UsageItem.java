package dev.baton.admin.usage;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.Comparator;
import org.jspecify.annotations.Nullable;

/**
 * Usage of one bucket and group.
 *
 * @param promptVersion {@code -} where there was no system prompt; like tenant, key and finish
 *     absent where it is not grouped by
 * @param cost absent before a price was set
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record UsageItem(
    Instant start,
    @Nullable String tenant,
    @Nullable String key,
    @Nullable String promptVersion,
    @Nullable String finish,
    long requests,
    long promptTokens,
    long cachedTokens,
    long completionTokens,
    @Nullable BigDecimal cost,
    @Nullable String currency) {
  private static final Comparator<@Nullable String> ABSENT_FIRST =
      Comparator.nullsFirst(Comparator.naturalOrder());

  /** By time, then by group. */
  static final Comparator<UsageItem> ORDER =
      Comparator.comparing(UsageItem::start)
          .thenComparing(UsageItem::tenant, ABSENT_FIRST)
          .thenComparing(UsageItem::key, ABSENT_FIRST)
          .thenComparing(UsageItem::promptVersion, ABSENT_FIRST)
          .thenComparing(UsageItem::finish, ABSENT_FIRST);

  /** What two items must have in common to be one. */
  record Identity(
      Instant start,
      @Nullable String tenant,
      @Nullable String key,
      @Nullable String promptVersion,
      @Nullable String finish) {}

  Identity identity() {
    return new Identity(start, tenant, key, promptVersion, finish);
  }

  UsageItem plus(UsageItem other) {
    return new UsageItem(
        start,
        tenant,
        key,
        promptVersion,
        finish,
        requests + other.requests,
        promptTokens + other.promptTokens,
        cachedTokens + other.cachedTokens,
        completionTokens + other.completionTokens,
        cost == null || other.cost == null ? null : cost.add(other.cost),
        currency);
  }
}
