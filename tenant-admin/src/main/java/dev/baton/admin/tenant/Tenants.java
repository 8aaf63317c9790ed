package dev.baton.admin.tenant;

import dev.baton.admin.audit.Actor;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Mono;

/** The tenants. */
@Component
public final class Tenants {
  /** Whether the store holds no tenant at all. */
  public Mono<Boolean> none() {
    return Mono.error(UnsupportedOperationException::new);
  }

  /** Creates a tenant. */
  public Mono<Tenant> create(Actor actor, String name) {
    return Mono.error(UnsupportedOperationException::new);
  }
}
