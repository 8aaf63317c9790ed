package dev.baton.admin.apikey;

import dev.baton.admin.audit.Actor;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Mono;

/** The tenants' API keys. */
@Component
public final class ApiKeys {
  /** Issues a key; its secret is in the answer and nowhere else. */
  public Mono<IssuedKey> issue(
      Actor actor, String tenantId, String name, @Nullable Instant expiresAt) {
    return Mono.error(UnsupportedOperationException::new);
  }
}
