package dev.baton.admin.systemprompt;

import java.time.Instant;

/** A draft as it is stored beside its text; its digest is the draft's ETag. */
record StoredDraft(
    String title,
    String author,
    String editor,
    Instant createdAt,
    Instant updatedAt,
    String sha256,
    int characters) {

  Draft draft(String id) {
    return new Draft(id, title, author, editor, createdAt, updatedAt, characters);
  }
}
