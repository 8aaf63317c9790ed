package dev.baton.admin.usage;

import dev.baton.admin.audit.Actor;
import dev.baton.admin.http.AdminBody;
import dev.baton.admin.http.AdminProblem;
import dev.baton.admin.http.IfMatch;
import java.math.BigDecimal;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Mono;

/** {@code /admin/v1/prices}. */
@RestController
@RequestMapping("/admin/v1/prices")
final class PricesEndpoint {

  /** The price table; all null before one was set. */
  record PriceBody(
      @Nullable String currency,
      @Nullable BigDecimal promptPerMillion,
      @Nullable BigDecimal cachedPerMillion,
      @Nullable BigDecimal completionPerMillion)
      implements AdminBody {

    static PriceBody of(@Nullable Price price) {
      return price == null
          ? new PriceBody(null, null, null, null)
          : new PriceBody(
              price.currency(),
              price.promptPerMillion(),
              price.cachedPerMillion(),
              price.completionPerMillion());
    }

    Price price() {
      return new Price(
          required("currency", currency),
          required("promptPerMillion", promptPerMillion),
          required("cachedPerMillion", cachedPerMillion),
          required("completionPerMillion", completionPerMillion));
    }

    private static <T> T required(String field, @Nullable T value) {
      if (value == null) {
        throw AdminProblem.invalid(field, "is missing");
      }
      return value;
    }
  }

  private final Prices prices;

  PricesEndpoint(Prices prices) {
    this.prices = prices;
  }

  /** What tokens cost now. */
  @GetMapping
  Mono<ResponseEntity<PriceBody>> get() {
    return prices.current().map(PricesEndpoint::answer);
  }

  /** Sets what tokens cost from now on. */
  @PutMapping
  Mono<ResponseEntity<PriceBody>> put(
      Actor actor, @RequestHeader HttpHeaders headers, @RequestBody PriceBody body) {
    return prices.put(actor, body.price(), IfMatch.of(headers)).map(PricesEndpoint::answer);
  }

  private static ResponseEntity<PriceBody> answer(Prices.Current current) {
    return ResponseEntity.ok().eTag(current.tag()).body(PriceBody.of(current.price()));
  }
}
