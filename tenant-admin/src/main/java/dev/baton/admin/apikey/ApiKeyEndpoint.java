package dev.baton.admin.apikey;

import dev.baton.admin.audit.Actor;
import dev.baton.admin.http.AdminBody;
import dev.baton.admin.http.AdminProblem;
import dev.baton.admin.http.IfMatch;
import dev.baton.admin.http.Names;
import dev.baton.admin.http.Page;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PatchMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Mono;
import tools.jackson.databind.JsonNode;

/** {@code /admin/v1/tenants/{id}/keys}. */
@RestController
@RequestMapping("/admin/v1/tenants/{tenantId}/keys")
final class ApiKeyEndpoint {

  /**
   * Body of an issue.
   *
   * @param scopes of {@code chat}, {@code models}, {@code prompt:select}; null is the first two
   * @param expiresAt an RFC 3339 time, or null for a key that does not expire
   */
  record NewKey(@Nullable String name, @Nullable List<String> scopes, @Nullable String expiresAt)
      implements AdminBody {}

  /**
   * Body of a change; what is left out stays.
   *
   * @param expiresAt an RFC 3339 time; JSON's null makes the key one that does not expire
   */
  record ChangedKey(
      @Nullable String name, @Nullable List<String> scopes, @Nullable JsonNode expiresAt)
      implements AdminBody {}

  /**
   * Body of a rotation.
   *
   * @param graceSeconds how long the former secret goes on working, 0 to 30 days
   */
  record Rotation(@Nullable Long graceSeconds) implements AdminBody {}

  private final ApiKeys keys;

  ApiKeyEndpoint(ApiKeys keys) {
    this.keys = keys;
  }

  /** Issues a key. Its secret is in this answer only. */
  @PostMapping
  @ResponseStatus(HttpStatus.CREATED)
  Mono<IssuedKey> issue(Actor actor, @PathVariable String tenantId, @RequestBody NewKey body) {
    return keys.issue(
        actor,
        tenantId,
        Names.check("name", body.name()),
        KeyScope.parse(body.scopes()),
        body.expiresAt() == null ? null : time(body.expiresAt()));
  }

  /** Lists the keys, without their secrets. */
  @GetMapping
  Mono<Page<ApiKey>> list(@PathVariable String tenantId) {
    return keys.list(tenantId).map(Page::whole);
  }

  /** One key, without its secret. */
  @GetMapping("/{keyId}")
  Mono<ResponseEntity<ApiKey>> get(@PathVariable String tenantId, @PathVariable String keyId) {
    return keys.get(tenantId, keyId).map(ApiKeyEndpoint::tagged);
  }

  /** Renames a key, changes its scopes or its expiry. */
  @PatchMapping("/{keyId}")
  Mono<ResponseEntity<ApiKey>> update(
      Actor actor,
      @PathVariable String tenantId,
      @PathVariable String keyId,
      @RequestHeader HttpHeaders headers,
      @RequestBody ChangedKey body) {
    JsonNode expiry = body.expiresAt();
    if (body.name() == null && body.scopes() == null && expiry == null) {
      throw AdminProblem.unreadable(
          "The body changes nothing; it takes name, scopes and expiresAt.");
    }
    KeyChange change =
        new KeyChange(
            body.name() == null ? null : Names.check("name", body.name()),
            body.scopes() == null ? null : KeyScope.parse(body.scopes()),
            expiry != null,
            expiry == null || expiry.isNull() ? null : time(expiry.asString("")));
    return keys.update(actor, tenantId, keyId, change, IfMatch.of(headers))
        .map(ApiKeyEndpoint::tagged);
  }

  /** Gives the key another secret, in this answer only; the former goes on for a grace period. */
  @PostMapping("/{keyId}/rotate")
  Mono<IssuedKey> rotate(
      Actor actor,
      @PathVariable String tenantId,
      @PathVariable String keyId,
      @RequestHeader HttpHeaders headers,
      @RequestBody(required = false) @Nullable Rotation body) {
    Long seconds = body == null ? null : body.graceSeconds();
    return keys.rotate(
        actor,
        tenantId,
        keyId,
        seconds == null ? null : Duration.ofSeconds(seconds),
        IfMatch.optional(headers));
  }

  /** Revokes a key at once. */
  @DeleteMapping("/{keyId}")
  @ResponseStatus(HttpStatus.NO_CONTENT)
  Mono<Void> revoke(
      Actor actor,
      @PathVariable String tenantId,
      @PathVariable String keyId,
      @RequestHeader HttpHeaders headers) {
    return keys.revoke(actor, tenantId, keyId, IfMatch.of(headers));
  }

  private static ResponseEntity<ApiKey> tagged(ApiKeys.Tagged found) {
    return ResponseEntity.ok().eTag(found.tag()).body(found.key());
  }

  private static Instant time(String text) {
    try {
      return OffsetDateTime.parse(text).toInstant();
    } catch (DateTimeParseException e) {
      throw AdminProblem.invalid("expiresAt", "must be a time such as 2030-01-31T12:00:00Z");
    }
  }
}
