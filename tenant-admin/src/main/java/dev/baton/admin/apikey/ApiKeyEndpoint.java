package dev.baton.admin.apikey;

import dev.baton.admin.audit.Actor;
import dev.baton.admin.http.AdminBody;
import dev.baton.admin.http.AdminProblem;
import dev.baton.admin.http.Names;
import dev.baton.admin.http.Page;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Mono;

/** {@code /admin/v1/tenants/{id}/keys}. */
@RestController
@RequestMapping("/admin/v1/tenants/{tenantId}/keys")
final class ApiKeyEndpoint {

  /**
   * Body of an issue.
   *
   * @param expiresAt an RFC 3339 time, or null for a key that does not expire
   */
  record NewKey(@Nullable String name, @Nullable String expiresAt) implements AdminBody {}

  private final ApiKeys keys;

  ApiKeyEndpoint(ApiKeys keys) {
    this.keys = keys;
  }

  /** Issues a key. Its secret is in this answer only. */
  @PostMapping
  @ResponseStatus(HttpStatus.CREATED)
  Mono<IssuedKey> issue(@PathVariable String tenantId, @RequestBody NewKey body) {
    return keys.issue(
        Actor.ADMIN, tenantId, Names.check("name", body.name()), expiry(body.expiresAt()));
  }

  /** Lists the keys, without their secrets. */
  @GetMapping
  Mono<Page<ApiKey>> list(@PathVariable String tenantId) {
    return keys.list(tenantId).map(Page::whole);
  }

  /** Revokes a key at once. */
  @DeleteMapping("/{keyId}")
  @ResponseStatus(HttpStatus.NO_CONTENT)
  Mono<Void> revoke(@PathVariable String tenantId, @PathVariable String keyId) {
    return keys.revoke(Actor.ADMIN, tenantId, keyId);
  }

  private static @Nullable Instant expiry(@Nullable String text) {
    try {
      return text == null ? null : OffsetDateTime.parse(text).toInstant();
    } catch (DateTimeParseException e) {
      throw AdminProblem.invalid("expiresAt", "must be a time such as 2030-01-31T12:00:00Z");
    }
  }
}
