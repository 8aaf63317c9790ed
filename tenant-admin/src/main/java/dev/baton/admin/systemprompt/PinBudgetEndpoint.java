package dev.baton.admin.systemprompt;

import dev.baton.admin.audit.Actor;
import dev.baton.admin.http.AdminBody;
import dev.baton.admin.http.IfMatch;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Mono;

/** {@code /admin/v1/tenants/{id}/pin-budget}. */
@RestController
@RequestMapping("/admin/v1/tenants/{tenantId}/pin-budget")
final class PinBudgetEndpoint {

  /** Body of a replacement: absent or null is the platform's budget. */
  record NewBudget(@Nullable Long bytes) implements AdminBody {}

  private final Pins pins;

  PinBudgetEndpoint(Pins pins) {
    this.pins = pins;
  }

  /** What the tenant may pin, and has pinned. */
  @GetMapping
  Mono<ResponseEntity<Pins.Budget>> get(@PathVariable String tenantId) {
    return pins.budget(tenantId).map(PinBudgetEndpoint::answer);
  }

  /** Gives the tenant a budget of its own, or the platform's again. */
  @PutMapping
  Mono<ResponseEntity<Pins.Budget>> put(
      Actor actor,
      @PathVariable String tenantId,
      @RequestHeader HttpHeaders headers,
      @RequestBody NewBudget body) {
    return pins.setBudget(actor, tenantId, body.bytes(), IfMatch.of(headers))
        .map(PinBudgetEndpoint::answer);
  }

  private static ResponseEntity<Pins.Budget> answer(Pins.Budget budget) {
    return ResponseEntity.ok().eTag(budget.etag()).body(budget);
  }
}
