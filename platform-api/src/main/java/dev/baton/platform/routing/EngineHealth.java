package dev.baton.platform.routing;

import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.stereotype.Component;

/** Part of readiness: a process whose engine fails is not the place to send requests to. */
@Component("engineHealthIndicator")
final class EngineHealth implements HealthIndicator {
  private final EngineDoor door;

  EngineHealth(EngineDoor door) {
    this.door = door;
  }

  @Override
  public Health health() {
    return door.refuses() || !door.defect().isEmpty()
        ? Health.outOfService().build()
        : Health.up().build();
  }
}
