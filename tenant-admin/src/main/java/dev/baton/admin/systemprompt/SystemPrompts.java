package dev.baton.admin.systemprompt;

import dev.baton.admin.audit.Actor;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Mono;

/** The versions of tenants' system prompts. */
@Component
public final class SystemPrompts {
  /** Registers an immutable version. */
  public Mono<PromptVersion> register(
      Actor actor,
      String tenantId,
      String text,
      @Nullable String message,
      @Nullable String author) {
    return Mono.error(UnsupportedOperationException::new);
  }
}
