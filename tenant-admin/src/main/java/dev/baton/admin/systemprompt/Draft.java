package dev.baton.admin.systemprompt;

import java.time.Instant;

/**
 * A prompt that is being written, without its text.
 *
 * @param title what its writers call it
 * @param author who began it
 * @param editor who saved it last
 * @param characters length of the text in code points
 */
public record Draft(
    String id,
    String title,
    String author,
    String editor,
    Instant createdAt,
    Instant updatedAt,
    int characters) {}
