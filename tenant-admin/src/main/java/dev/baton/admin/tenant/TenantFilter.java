package dev.baton.admin.tenant;

import dev.baton.admin.http.AdminProblem;
import dev.baton.admin.http.Names;
import org.jspecify.annotations.Nullable;

/**
 * Which tenants a list shows.
 *
 * @param words a part of the name, compared as names are, or of the id; empty for all
 * @param deleted whether deleted ones are among them
 */
record TenantFilter(String words, boolean deleted) {
  private static final int MAX_LENGTH = 100;

  static final TenantFilter ALL = new TenantFilter("", true);

  /** As a request asks for it: without a word all, deleted ones too. */
  static TenantFilter of(@Nullable String search, @Nullable Boolean deleted) {
    String words = search == null ? "" : search.strip();
    if (words.codePointCount(0, words.length()) > MAX_LENGTH) {
      throw AdminProblem.invalid("search", "must have at most " + MAX_LENGTH + " characters");
    }
    return new TenantFilter(Names.comparable(words), deleted == null || deleted);
  }

  /** Whether every tenant is wanted. */
  boolean takesAll() {
    return words.isEmpty() && deleted;
  }

  boolean wants(Tenant tenant) {
    return (deleted || tenant.deletedAt() == null)
        && (Names.comparable(tenant.name()).contains(words) || tenant.id().contains(words));
  }
}
