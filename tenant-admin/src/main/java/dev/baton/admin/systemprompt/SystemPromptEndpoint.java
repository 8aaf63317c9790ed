package dev.baton.admin.systemprompt;

import dev.baton.admin.audit.Actor;
import dev.baton.admin.http.AdminBody;
import dev.baton.admin.http.Page;
import dev.baton.engine.SystemPrompt;
import java.net.URI;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Mono;

/** {@code /admin/v1/tenants/{id}/prompts} and {@code /admin/v1/activations}. */
@RestController
@RequestMapping("/admin/v1")
final class SystemPromptEndpoint {

  /** Body of a registration. */
  record NewPrompt(@Nullable String text, @Nullable String message, @Nullable String author)
      implements AdminBody.WithPrompt {}

  /** Body of a preview. */
  record PromptDraft(@Nullable String text) implements AdminBody.WithPrompt {}

  /** A version with its text. */
  record PromptWithText(
      String id,
      String message,
      String author,
      Instant createdAt,
      String sha256,
      int characters,
      @Nullable Integer tokens,
      @Nullable Long kvBytes,
      String text) {

    static PromptWithText of(PromptVersion version, SystemPrompt prompt) {
      return new PromptWithText(
          version.id(),
          version.message(),
          version.author(),
          version.createdAt(),
          version.sha256(),
          version.characters(),
          version.tokens(),
          version.kvBytes(),
          ((SystemPrompt.Text) prompt.source()).text());
    }
  }

  private final SystemPrompts prompts;
  private final Activations activations;

  SystemPromptEndpoint(SystemPrompts prompts, Activations activations) {
    this.prompts = prompts;
    this.activations = activations;
  }

  /** Registers an immutable version; it is not active yet. */
  @PostMapping("/tenants/{tenantId}/prompts")
  @ResponseStatus(HttpStatus.CREATED)
  Mono<PromptVersion> register(
      Actor actor, @PathVariable String tenantId, @RequestBody NewPrompt body) {
    return prompts.register(
        actor, tenantId, PromptTexts.check(body.text()), body.message(), body.author());
  }

  /** Shows what a prompt would cost, without keeping it. */
  @PostMapping("/tenants/{tenantId}/prompts/preview")
  Mono<PromptCost> preview(@PathVariable String tenantId, @RequestBody PromptDraft body) {
    return prompts.preview(tenantId, PromptTexts.check(body.text()));
  }

  /** Lists the versions, newest first, without their texts. */
  @GetMapping("/tenants/{tenantId}/prompts")
  Mono<Page<PromptVersion>> list(@PathVariable String tenantId) {
    return prompts.list(tenantId).map(Page::whole);
  }

  /** One version with its text. */
  @GetMapping("/tenants/{tenantId}/prompts/{versionId}")
  Mono<PromptWithText> get(@PathVariable String tenantId, @PathVariable String versionId) {
    return prompts
        .get(tenantId, versionId)
        .zipWith(prompts.prompt(tenantId, versionId), PromptWithText::of);
  }

  /** What changed, by lines, from the version {@code against} to this one. */
  @GetMapping("/tenants/{tenantId}/prompts/{versionId}/diff")
  Mono<PromptDiff> diff(
      @PathVariable String tenantId, @PathVariable String versionId, @RequestParam String against) {
    return prompts.diff(tenantId, against, versionId);
  }

  /** Fills the version's system KV and switches to it when it is resident. */
  @PostMapping("/tenants/{tenantId}/prompts/{versionId}/activate")
  Mono<ResponseEntity<Activation>> activate(
      Actor actor, @PathVariable String tenantId, @PathVariable String versionId) {
    return activations.start(actor, tenantId, versionId).map(SystemPromptEndpoint::accepted);
  }

  /** Switches back to the version that was active before; at once while its system KV is held. */
  @PostMapping("/tenants/{tenantId}/rollback")
  Mono<ResponseEntity<Activation>> rollback(Actor actor, @PathVariable String tenantId) {
    return activations.rollback(actor, tenantId).map(SystemPromptEndpoint::accepted);
  }

  /** Gives an activation up: the version that was active stays active. */
  @PostMapping("/activations/{activationId}/cancel")
  Mono<Activation> cancel(Actor actor, @PathVariable String activationId) {
    return activations.cancel(actor, activationId);
  }

  /** How far an activation is. */
  @GetMapping("/activations/{activationId}")
  Mono<Activation> activation(@PathVariable String activationId) {
    return activations.get(activationId);
  }

  private static ResponseEntity<Activation> accepted(Activation started) {
    return ResponseEntity.accepted()
        .location(URI.create("/admin/v1/activations/" + started.id()))
        .body(started);
  }
}
