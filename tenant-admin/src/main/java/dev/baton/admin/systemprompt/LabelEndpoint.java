package dev.baton.admin.systemprompt;

import dev.baton.admin.audit.Actor;
import dev.baton.admin.http.AdminBody;
import dev.baton.admin.http.AdminProblem;
import dev.baton.admin.http.IfMatch;
import dev.baton.admin.http.Page;
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

/** {@code /admin/v1/tenants/{id}/labels}. */
@RestController
@RequestMapping("/admin/v1/tenants/{tenantId}/labels")
final class LabelEndpoint {

  /** Body of a label. */
  record LabelBody(@Nullable String versionId) implements AdminBody {}

  private final Labels labels;

  LabelEndpoint(Labels labels) {
    this.labels = labels;
  }

  /** Lists the labels by name. */
  @GetMapping
  Mono<Page<Labels.Label>> list(@PathVariable String tenantId) {
    return labels.list(tenantId).map(Page::whole);
  }

  /** One label. */
  @GetMapping("/{label}")
  Mono<ResponseEntity<Labels.Label>> get(
      @PathVariable String tenantId, @PathVariable String label) {
    return labels.get(tenantId, label).map(LabelEndpoint::tagged);
  }

  /** Makes a label or moves it to another version; to move it takes its ETag or {@code *}. */
  @PutMapping("/{label}")
  Mono<ResponseEntity<Labels.Label>> put(
      Actor actor,
      @PathVariable String tenantId,
      @PathVariable String label,
      @RequestHeader HttpHeaders headers,
      @RequestBody LabelBody body) {
    if (body.versionId() == null) {
      throw AdminProblem.invalid("versionId", "is missing");
    }
    String seen =
        headers.containsHeader(HttpHeaders.IF_MATCH) ? IfMatch.of(headers).argument() : "";
    return labels.put(actor, tenantId, label, body.versionId(), seen).map(LabelEndpoint::tagged);
  }

  /** Removes a label. */
  @DeleteMapping("/{label}")
  @ResponseStatus(HttpStatus.NO_CONTENT)
  Mono<Void> delete(
      Actor actor,
      @PathVariable String tenantId,
      @PathVariable String label,
      @RequestHeader HttpHeaders headers) {
    return labels.delete(actor, tenantId, label, IfMatch.of(headers));
  }

  private static ResponseEntity<Labels.Label> tagged(Labels.Tagged found) {
    return ResponseEntity.ok().eTag(found.tag()).body(found.label());
  }
}
