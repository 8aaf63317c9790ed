package dev.baton.admin.usage;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * The prices that were in force, oldest first. Usage costs what it cost when it was used; what was
 * used before there was a price costs the first one.
 */
record PriceHistory(List<Since> prices) {
  record Since(Instant from, Price price) {}

  PriceHistory {
    prices = List.copyOf(prices);
  }

  Optional<Price> at(Instant time) {
    return prices.reversed().stream()
        .filter(price -> !price.from().isAfter(time))
        .findFirst()
        .or(() -> prices.stream().findFirst())
        .map(Since::price);
  }
}
