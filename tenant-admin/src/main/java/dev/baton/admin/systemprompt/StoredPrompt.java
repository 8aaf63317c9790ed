package dev.baton.admin.systemprompt;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** A version as it is stored beside its text; never changes. */
record StoredPrompt(
    String message,
    String author,
    Instant createdAt,
    String sha256,
    int characters,
    @Nullable Integer tokens,
    @Nullable Long kvBytes) {

  PromptVersion version(String id) {
    return new PromptVersion(id, message, author, createdAt, sha256, characters, tokens, kvBytes);
  }
}
