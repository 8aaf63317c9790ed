package dev.baton.admin.usage;

import dev.baton.admin.audit.Actor;
import dev.baton.admin.audit.AuditLog;
import dev.baton.admin.http.EntityTag;
import dev.baton.admin.http.IfMatch;
import dev.baton.admin.storage.Scripts;
import dev.baton.admin.storage.Store;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.data.redis.core.script.RedisScript;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Mono;
import tools.jackson.databind.json.JsonMapper;

/**
 * The price table of the whole platform. Older prices are kept, since usage costs what it cost when
 * it was used; who changed them is in the platform's audit log, written in the same script.
 *
 * <pre>
 * baton:{index}:prices  list  JSON: from, by, price; oldest first
 * </pre>
 */
@Component
final class Prices {
  private static final String PRICES = "baton:{index}:prices";
  private static final int KEPT = 1000;

  // KEYS: prices, the platform's audit log. ARGV: price, actor, If-Match, how many are kept
  private static final RedisScript<List<String>> PUT =
      Scripts.of(
          """
          local last = redis.call('LINDEX', KEYS[1], -1)
          local price = last and cjson.decode(last).price or ''
          if ARGV[3] ~= '*'
              and not string.find(ARGV[3], '"' .. redis.sha1hex(price) .. '"', 1, true) then
            return {'CHANGED'}
          end
          if price == ARGV[1] then return {'OK'} end
          local clock = redis.call('TIME')
          if rawget(redis, 'replicate_commands') then redis.replicate_commands() end
          local now = string.format('%.0f', clock[1] * 1000 + math.floor(clock[2] / 1000))
          redis.call('RPUSH', KEYS[1],
            cjson.encode({from = now, by = ARGV[2], price = ARGV[1]}))
          redis.call('LTRIM', KEYS[1], -tonumber(ARGV[4]), -1)
          redis.call('XADD', KEYS[2], '*', 'actor', ARGV[2], 'action', 'prices.updated',
            'object', 'prices', 'before', last and redis.sha1hex(price) or '',
            'after', redis.sha1hex(ARGV[1]))
          return {'OK'}
          """);

  private final Store store;
  private final JsonMapper json;

  Prices(Store store, JsonMapper json) {
    this.store = store;
    this.json = json;
  }

  /** An entry of the list; the price is text, so that its digest is the tag. */
  private record Stored(String from, String by, String price) {}

  /**
   * The price in force.
   *
   * @param price null before one was set
   * @param tag quoted
   */
  record Current(@Nullable Price price, String tag) {}

  Mono<Current> current() {
    return stored()
        .map(all -> {
          String last = all.isEmpty() ? "" : all.getLast().price();
          return new Current(last.isEmpty() ? null : price(last), EntityTag.of(last));
        });
  }

  Mono<PriceHistory> history() {
    return stored()
        .map(all ->
            new PriceHistory(
                all.stream()
                    .map(stored ->
                        new PriceHistory.Since(
                            Instant.ofEpochMilli(Long.parseLong(stored.from())),
                            price(stored.price())))
                    .toList()));
  }

  /** Sets the price from now on; what was used before keeps its own. */
  Mono<Current> put(Actor actor, Price price, IfMatch seen) {
    String text = json.writeValueAsString(price);
    return store
        .write(
            PUT,
            List.of(PRICES, AuditLog.PLATFORM_LOG),
            List.of(text, actor.name(), seen.argument(), Integer.toString(KEPT)))
        .map(answer -> {
          if (!answer.getFirst().equals("OK")) {
            throw IfMatch.failed();
          }
          return new Current(price, EntityTag.of(text));
        });
  }

  private Mono<List<Stored>> stored() {
    return store.read(redis ->
        redis
            .opsForList()
            .range(PRICES, 0, -1)
            .map(text -> json.readValue(text, Stored.class))
            .collectList());
  }

  private Price price(String text) {
    return json.readValue(text, Price.class);
  }
}
