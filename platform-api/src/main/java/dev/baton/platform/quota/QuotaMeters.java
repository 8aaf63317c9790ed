package dev.baton.platform.quota;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import org.springframework.stereotype.Component;

/** What waits to be settled; refused requests are counted with the outcomes of all requests. */
@Component
final class QuotaMeters implements MeterBinder {
  private final UnderWay underWay;
  private final Spool spool;

  QuotaMeters(UnderWay underWay, Spool spool) {
    this.underWay = underWay;
    this.spool = spool;
  }

  @Override
  public void bindTo(MeterRegistry meters) {
    Gauge.builder("baton.quota.reservations", underWay, UnderWay::count)
        .description("Requests under way on this node, reserved and not settled")
        .register(meters);
    Gauge.builder("baton.usage.spool", spool, Spool::sizeBytes)
        .description("Usage on disk that the ledger does not have yet")
        .baseUnit("bytes")
        .register(meters);
  }
}
