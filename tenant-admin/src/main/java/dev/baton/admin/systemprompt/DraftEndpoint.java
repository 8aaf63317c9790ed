package dev.baton.admin.systemprompt;

import dev.baton.admin.audit.Actor;
import dev.baton.admin.http.AdminBody;
import dev.baton.admin.http.IfMatch;
import dev.baton.admin.http.Names;
import dev.baton.admin.http.Page;
import java.net.URI;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Mono;

/** {@code /admin/v1/tenants/{id}/drafts}. */
@RestController
@RequestMapping("/admin/v1/tenants/{tenantId}/drafts")
final class DraftEndpoint {

  /** Body of a draft. */
  record DraftBody(@Nullable String title, @Nullable String text) implements AdminBody.WithPrompt {}

  /** Body of a publication. */
  record Publication(@Nullable String message) implements AdminBody {}

  /** A draft with its text. */
  record DraftWithText(
      String id,
      String title,
      String author,
      String editor,
      Instant createdAt,
      Instant updatedAt,
      int characters,
      String text) {

    static DraftWithText of(Draft draft, String text) {
      return new DraftWithText(
          draft.id(),
          draft.title(),
          draft.author(),
          draft.editor(),
          draft.createdAt(),
          draft.updatedAt(),
          draft.characters(),
          text);
    }
  }

  private final Drafts drafts;

  DraftEndpoint(Drafts drafts) {
    this.drafts = drafts;
  }

  /** Lists the drafts, the last saved first, without their texts. */
  @GetMapping
  Mono<Page<Draft>> list(@PathVariable String tenantId) {
    return drafts.list(tenantId).map(Page::whole);
  }

  /** Begins a draft. */
  @PostMapping
  Mono<ResponseEntity<Draft>> create(
      Actor actor, @PathVariable String tenantId, @RequestBody DraftBody body) {
    return drafts
        .create(actor, tenantId, title(body), PromptTexts.check(body.text()))
        .map(saved ->
            ResponseEntity.created(
                    URI.create(
                        "/admin/v1/tenants/%s/drafts/%s".formatted(tenantId, saved.draft().id())))
                .eTag(saved.tag())
                .body(saved.draft()));
  }

  /** One draft with its text. */
  @GetMapping("/{draftId}")
  Mono<ResponseEntity<DraftWithText>> get(
      @PathVariable String tenantId, @PathVariable String draftId) {
    return drafts
        .get(tenantId, draftId)
        .map(found ->
            ResponseEntity.ok()
                .eTag(found.tag())
                .body(DraftWithText.of(found.stored().draft(draftId), found.text())));
  }

  /** Saves a draft whose latest state its editor has seen. */
  @PutMapping("/{draftId}")
  Mono<ResponseEntity<Draft>> update(
      Actor actor,
      @PathVariable String tenantId,
      @PathVariable String draftId,
      @RequestHeader HttpHeaders headers,
      @RequestBody DraftBody body) {
    IfMatch seen = IfMatch.of(headers);
    return drafts
        .update(actor, tenantId, draftId, title(body), PromptTexts.check(body.text()), seen)
        .map(saved -> ResponseEntity.ok().eTag(saved.tag()).body(saved.draft()));
  }

  /** Throws a draft away. */
  @DeleteMapping("/{draftId}")
  @ResponseStatus(HttpStatus.NO_CONTENT)
  Mono<Void> delete(
      Actor actor,
      @PathVariable String tenantId,
      @PathVariable String draftId,
      @RequestHeader HttpHeaders headers) {
    return drafts.delete(actor, tenantId, draftId, IfMatch.of(headers));
  }

  /** Makes the draft the next immutable version; the draft is gone then. */
  @PostMapping("/{draftId}/publish")
  @ResponseStatus(HttpStatus.CREATED)
  Mono<PromptVersion> publish(
      Actor actor,
      @PathVariable String tenantId,
      @PathVariable String draftId,
      @RequestHeader HttpHeaders headers,
      @RequestBody(required = false) @Nullable Publication body) {
    String message = body == null ? null : body.message();
    return drafts.publish(actor, tenantId, draftId, message, IfMatch.optional(headers));
  }

  private static String title(DraftBody body) {
    return body.title() == null || body.title().isBlank()
        ? "Untitled"
        : Names.check("title", body.title());
  }
}
