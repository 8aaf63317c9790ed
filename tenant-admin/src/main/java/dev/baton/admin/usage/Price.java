package dev.baton.admin.usage;

import dev.baton.admin.http.AdminProblem;
import java.math.BigDecimal;
import java.util.regex.Pattern;

/**
 * What tokens cost.
 *
 * @param currency three letters of ISO 4217
 * @param promptPerMillion of prompt tokens that were computed
 * @param cachedPerMillion of prompt tokens that were read from the system KV
 */
record Price(
    String currency,
    BigDecimal promptPerMillion,
    BigDecimal cachedPerMillion,
    BigDecimal completionPerMillion) {
  private static final Pattern CURRENCY = Pattern.compile("[A-Z]{3}");
  private static final BigDecimal MOST = BigDecimal.valueOf(1_000_000_000);
  private static final int DIGITS = 9;

  Price {
    if (!CURRENCY.matcher(currency).matches()) {
      throw AdminProblem.invalid("currency", "must be three capital letters, such as EUR");
    }
    check("promptPerMillion", promptPerMillion);
    check("cachedPerMillion", cachedPerMillion);
    check("completionPerMillion", completionPerMillion);
  }

  private static void check(String field, BigDecimal amount) {
    // The scale first: to compare 1e-999999999 takes all memory.
    if (amount.scale() > DIGITS
        || amount.precision() - amount.scale() > DIGITS + 1
        || amount.signum() < 0
        || amount.compareTo(MOST) > 0) {
      throw AdminProblem.invalid(
          field, "must be between 0 and %s with at most %d decimals".formatted(MOST, DIGITS));
    }
  }

  /** The cost of this many tokens, exactly. */
  BigDecimal of(long promptTokens, long cachedTokens, long completionTokens) {
    return promptPerMillion
        .multiply(BigDecimal.valueOf(promptTokens - cachedTokens))
        .add(cachedPerMillion.multiply(BigDecimal.valueOf(cachedTokens)))
        .add(completionPerMillion.multiply(BigDecimal.valueOf(completionTokens)))
        .movePointLeft(6);
  }
}
