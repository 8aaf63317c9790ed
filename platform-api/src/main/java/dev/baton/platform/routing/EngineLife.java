package dev.baton.platform.routing;

import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.stereotype.Component;

/** Part of liveness: an engine that lost its device asks for a new process. */
@Component("engineLifeHealthIndicator")
final class EngineLife implements HealthIndicator {
  private final EngineDoor door;

  EngineLife(EngineDoor door) {
    this.door = door;
  }

  @Override
  public Health health() {
    String defect = door.defect();
    return defect.isEmpty()
        ? Health.up().build()
        : Health.down().withDetail("remedy", defect).build();
  }
}
