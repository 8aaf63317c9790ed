package dev.baton.admin.apikey;

import org.springframework.stereotype.Component;
import reactor.core.publisher.Mono;

/** Who a presented key speaks for. */
@Component
public final class TenantDirectory {
  /**
   * Resolves a key.
   *
   * @return empty for an unknown, expired, revoked or malformed key; fails with {@link
   *     dev.baton.admin.storage.StoreUnavailableException} when it can not be told
   */
  public Mono<TenantAccess> authenticate(String presentedKey) {
    return Mono.error(UnsupportedOperationException::new);
  }
}
