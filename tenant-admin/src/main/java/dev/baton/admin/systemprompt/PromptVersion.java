package dev.baton.admin.systemprompt;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * An immutable version of a tenant's system prompt, without its text.
 *
 * @param id {@code v1}, {@code v2}, … per tenant
 * @param message what changed, in the author's words
 * @param sha256 of the text's UTF-8 bytes, hexadecimal
 * @param characters length of the text in code points
 * @param tokens of the rendered system part when it was registered; null when no engine was there
 * @param kvBytes its system KV takes; null when no engine was there
 */
public record PromptVersion(
    String id,
    String message,
    String author,
    Instant createdAt,
    String sha256,
    int characters,
    @Nullable Integer tokens,
    @Nullable Long kvBytes) {}
