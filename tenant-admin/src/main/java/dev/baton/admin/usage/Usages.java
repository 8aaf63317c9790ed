package dev.baton.admin.usage;

import dev.baton.admin.http.AdminProblem;
import dev.baton.admin.storage.Store;
import dev.baton.admin.storage.TenantIndex;
import dev.baton.admin.storage.TenantKeys;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Sums of usage, grouped and priced. */
@Component
final class Usages {
  private static final int CONCURRENT_READS = 16;
  private static final int MOST_READS = 50_000;
  private static final int MOST_ITEMS = 20_000;

  private final Store store;
  private final TenantIndex index;
  private final Prices prices;
  private final UsageSettings settings;

  Usages(Store store, TenantIndex index, Prices prices, UsageSettings settings) {
    this.store = store;
    this.index = index;
    this.prices = prices;
    this.settings = settings;
  }

  /** One hash of buckets to read. */
  private record Part(String tenantId, long number) {}

  /**
   * Usage by time, then group.
   *
   * @param tenantId null for all tenants
   * @throws AdminProblem through the Mono: 400 for a question that would take too much
   */
  Mono<List<UsageItem>> query(@Nullable String tenantId, UsageQuery query) {
    Bucket bucket = query.bucket();
    long first = bucket.part(query.from());
    long last = bucket.part(query.to().minusMillis(1));
    return prices
        .history()
        .flatMap(history ->
            (tenantId == null ? index.all() : Flux.just(tenantId))
                .flatMapIterable(id ->
                    LongStream.rangeClosed(first, last)
                        .mapToObj(number -> new Part(id, number))
                        .toList())
                .index()
                .doOnNext(numbered -> require(numbered.getT1() < MOST_READS))
                .flatMap(numbered -> read(numbered.getT2(), query, history), CONCURRENT_READS)
                .reduceWith(HashMap<UsageItem.Identity, UsageItem>::new, Usages::add)
                .map(items -> items.values().stream().sorted(UsageItem.ORDER).toList()));
  }

  private static HashMap<UsageItem.Identity, UsageItem> add(
      HashMap<UsageItem.Identity, UsageItem> items, UsageItem item) {
    items.merge(item.identity(), item, UsageItem::plus);
    require(items.size() <= MOST_ITEMS);
    return items;
  }

  private static void require(boolean moderate) {
    if (!moderate) {
      throw AdminProblem.invalid(
          "from", "and to ask for too much at once; ask for less time, one tenant or fewer groups");
    }
  }

  private Flux<UsageItem> read(Part part, UsageQuery query, PriceHistory history) {
    String key = new TenantKeys(part.tenantId()).usage(query.bucket().text(), part.number());
    return store
        .read(redis ->
            redis
                .<String, String>opsForHash()
                .entries(key)
                .collectMap(Map.Entry::getKey, Map.Entry::getValue))
        .flatMapIterable(Map::entrySet)
        .map(stored -> item(part, stored.getKey(), stored.getValue(), query, history))
        .filter(item -> query.covers(item.start()));
  }

  /** A field is {@code SLOT|KEY|VERSION|FINISH}, its value four sums. */
  private UsageItem item(
      Part part, String field, String value, UsageQuery query, PriceHistory history) {
    String[] group = field.split("\\|", -1);
    long[] sums = Arrays.stream(value.split(" ", -1)).mapToLong(Long::parseLong).toArray();
    Instant start = query.bucket().start(part.number(), Integer.parseInt(group[0]));
    Optional<Price> price = history.at(start);
    return new UsageItem(
        start,
        query.by(UsageQuery.Group.TENANT) ? part.tenantId() : null,
        query.by(UsageQuery.Group.KEY) ? group[1] : null,
        query.by(UsageQuery.Group.PROMPT_VERSION) ? group[2] : null,
        query.by(UsageQuery.Group.FINISH) ? group[3] : null,
        sums[0],
        sums[1],
        sums[2],
        sums[3],
        cost(price, group[3], sums),
        price.map(Price::currency).orElse(null));
  }

  private @Nullable BigDecimal cost(Optional<Price> price, String finish, long[] sums) {
    return price
        .map(found ->
            settings.isBilled(finish) ? found.of(sums[1], sums[2], sums[3]) : BigDecimal.ZERO)
        .orElse(null);
  }
}
