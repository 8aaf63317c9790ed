package dev.baton.admin.systemprompt;

import dev.baton.admin.audit.Actor;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Mono;

/** Switches tenants to prompt versions: filled first, active only when resident. */
@Component
public final class Activations {
  /** Starts a switch and returns at once; it goes on by itself. */
  public Mono<Activation> start(Actor actor, String tenantId, String versionId) {
    return Mono.error(UnsupportedOperationException::new);
  }
}
