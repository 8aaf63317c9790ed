package dev.baton.admin.limits;

import dev.baton.admin.audit.Actor;
import dev.baton.admin.http.AdminBody;
import dev.baton.admin.http.IfMatch;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Mono;

/** {@code /admin/v1/tenants/{id}/limits} and {@code …/keys/{id}/limits}. */
@RestController
@RequestMapping("/admin/v1/tenants/{tenantId}")
final class LimitsEndpoint {

  /** Body of a replacement: what is absent or null is not limited. */
  record NewLimits(
      @Nullable Long requestsPerMinute,
      @Nullable Long tokensPerMinute,
      @Nullable Long concurrentStreams,
      @Nullable Long tokensPerDay,
      @Nullable Long tokensPerMonth,
      @Nullable Long maxInputTokens,
      @Nullable Long maxOutputTokens,
      @Nullable ClientSystemMessages clientSystemMessages)
      implements AdminBody {
    Limits limits() {
      return new Limits(
          requestsPerMinute,
          tokensPerMinute,
          concurrentStreams,
          tokensPerDay,
          tokensPerMonth,
          maxInputTokens,
          maxOutputTokens,
          clientSystemMessages);
    }
  }

  private final TenantLimits limits;
  private final Reservations reservations;

  LimitsEndpoint(TenantLimits limits, Reservations reservations) {
    this.limits = limits;
    this.reservations = reservations;
  }

  /** The tenant's limits. */
  @GetMapping("/limits")
  Mono<ResponseEntity<Limits>> ofTenant(@PathVariable String tenantId) {
    return limits.get(tenantId, null).map(LimitsEndpoint::answer);
  }

  /** Replaces the tenant's limits. */
  @PutMapping("/limits")
  Mono<ResponseEntity<Limits>> putOfTenant(
      Actor actor,
      @PathVariable String tenantId,
      @RequestHeader HttpHeaders headers,
      @RequestBody NewLimits body) {
    return limits
        .put(actor, tenantId, null, body.limits(), IfMatch.of(headers))
        .map(LimitsEndpoint::answer);
  }

  /** A key's own limits, which apply beside its tenant's. */
  @GetMapping("/keys/{keyId}/limits")
  Mono<ResponseEntity<Limits>> ofKey(@PathVariable String tenantId, @PathVariable String keyId) {
    return limits.get(tenantId, keyId).map(LimitsEndpoint::answer);
  }

  /** Replaces a key's own limits. */
  @PutMapping("/keys/{keyId}/limits")
  Mono<ResponseEntity<Limits>> putOfKey(
      Actor actor,
      @PathVariable String tenantId,
      @PathVariable String keyId,
      @RequestHeader HttpHeaders headers,
      @RequestBody NewLimits body) {
    return limits
        .put(actor, tenantId, keyId, body.limits(), IfMatch.of(headers))
        .map(LimitsEndpoint::answer);
  }

  /** Removes a key's own limits. */
  @DeleteMapping("/keys/{keyId}/limits")
  @ResponseStatus(HttpStatus.NO_CONTENT)
  Mono<Void> deleteOfKey(
      Actor actor,
      @PathVariable String tenantId,
      @PathVariable String keyId,
      @RequestHeader HttpHeaders headers) {
    return limits.delete(actor, tenantId, keyId, IfMatch.of(headers));
  }

  /** What of its limits the tenant uses now, and what is left. */
  @GetMapping("/limits/state")
  Mono<LimitsState> stateOfTenant(@PathVariable String tenantId) {
    return state(tenantId, null);
  }

  /** What of its own limits a key uses now, and what is left. */
  @GetMapping("/keys/{keyId}/limits/state")
  Mono<LimitsState> stateOfKey(@PathVariable String tenantId, @PathVariable String keyId) {
    return state(tenantId, keyId);
  }

  private Mono<LimitsState> state(String tenantId, @Nullable String keyId) {
    return limits
        .get(tenantId, keyId)
        .flatMap(stored ->
            reservations
                .state(tenantId, keyId)
                .map(state -> LimitsState.of(state.at(), stored.limits(), state.used())));
  }

  private static ResponseEntity<Limits> answer(StoredLimits stored) {
    return ResponseEntity.ok().eTag(stored.tag()).body(stored.limits());
  }
}
