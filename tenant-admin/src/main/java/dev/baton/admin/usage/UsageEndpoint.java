package dev.baton.admin.usage;

import dev.baton.admin.http.AdminProblem;
import dev.baton.admin.http.Page;
import dev.baton.admin.storage.Ids;
import dev.baton.admin.tenant.Tenants;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import org.springframework.http.ContentDisposition;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** {@code /admin/v1/usage} and {@code /admin/v1/tenants/{id}/usage}. */
@RestController
@RequestMapping("/admin/v1")
final class UsageEndpoint {
  private static final MediaType CSV = new MediaType("text", "csv", StandardCharsets.UTF_8);
  private static final Duration DEFAULT_EXPORT = Duration.ofDays(30);
  private static final int LINES_PER_WRITE = 100;
  private static final Pattern ENTRY_ID = Pattern.compile("[0-9]{1,15}-[0-9]{1,15}");

  private final Usages usages;
  private final LedgerReader ledger;
  private final Prices prices;
  private final UsageSettings settings;
  private final Tenants tenants;
  private final InstantSource clock;

  UsageEndpoint(
      Usages usages,
      LedgerReader ledger,
      Prices prices,
      UsageSettings settings,
      Tenants tenants,
      InstantSource clock) {
    this.usages = usages;
    this.ledger = ledger;
    this.prices = prices;
    this.settings = settings;
    this.tenants = tenants;
    this.clock = clock;
  }

  /** Usage of all tenants or one, by time and group. */
  @GetMapping("/usage")
  Mono<Page<UsageItem>> ofAll(
      @RequestParam(required = false) @Nullable String from,
      @RequestParam(required = false) @Nullable String to,
      @RequestParam(required = false) @Nullable String bucket,
      @RequestParam(required = false) @Nullable String groupBy,
      @RequestParam(required = false) @Nullable String tenant) {
    if (tenant != null && !Ids.isTenant(tenant)) {
      throw AdminProblem.invalid("tenant", "is no tenant's id");
    }
    UsageQuery query = UsageQuery.parse(bucket, from, to, groupBy, clock.instant());
    return usages.query(tenant, query).map(Page::whole);
  }

  /** Usage of one tenant, by time and group. */
  @GetMapping("/tenants/{tenantId}/usage")
  Mono<Page<UsageItem>> ofTenant(
      @PathVariable String tenantId,
      @RequestParam(required = false) @Nullable String from,
      @RequestParam(required = false) @Nullable String to,
      @RequestParam(required = false) @Nullable String bucket,
      @RequestParam(required = false) @Nullable String groupBy) {
    UsageQuery query = UsageQuery.parse(bucket, from, to, groupBy, clock.instant());
    return tenants.get(tenantId).then(usages.query(tenantId, query)).map(Page::whole);
  }

  /** The tenant's requests, newest first. */
  @GetMapping("/tenants/{tenantId}/usage/requests")
  Mono<Page<LedgerEntry>> requests(
      @PathVariable String tenantId,
      @RequestParam(required = false) @Nullable String cursor,
      @RequestParam(required = false) @Nullable Integer limit) {
    if (cursor != null && !ENTRY_ID.matcher(cursor).matches()) {
      throw AdminProblem.invalid("cursor", "must be what a page before has named");
    }
    int most = Page.limit(limit);
    return tenants
        .get(tenantId)
        .then(ledger.newest(tenantId, cursor, most + 1))
        .map(found -> Page.of(found, most, LedgerEntry::id));
  }

  /** The tenant's requests as CSV, oldest first; without times those of the last 30 days. */
  @GetMapping("/tenants/{tenantId}/usage/export")
  Mono<ResponseEntity<Flux<DataBuffer>>> export(
      @PathVariable String tenantId,
      @RequestParam(required = false) @Nullable String from,
      @RequestParam(required = false) @Nullable String to) {
    Instant end = to == null ? clock.instant() : UsageQuery.time("to", to);
    Instant start = from == null ? end.minus(DEFAULT_EXPORT) : UsageQuery.time("from", from);
    if (!start.isBefore(end)) {
      throw AdminProblem.invalid("from", "must be before to");
    }
    return tenants
        .get(tenantId)
        .then(prices.history())
        .map(history ->
            ResponseEntity.ok()
                .contentType(CSV)
                .header(HttpHeaders.CONTENT_DISPOSITION, attachment(tenantId))
                .body(lines(tenantId, start, end, history)));
  }

  private Flux<DataBuffer> lines(String tenantId, Instant from, Instant to, PriceHistory history) {
    return ledger
        .settledBetween(tenantId, from, to)
        .map(entry ->
            LedgerCsv.line(entry, history.at(entry.at()), settings.isBilled(entry.finish())))
        .buffer(LINES_PER_WRITE)
        .map(lines -> String.join("", lines))
        .startWith(LedgerCsv.HEADER)
        .map(text ->
            DefaultDataBufferFactory.sharedInstance.wrap(text.getBytes(StandardCharsets.UTF_8)));
  }

  private static String attachment(String tenantId) {
    return ContentDisposition.attachment()
        .filename("usage-" + tenantId + ".csv")
        .build()
        .toString();
  }
}
