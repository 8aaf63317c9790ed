package dev.baton.admin.http;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What a person of the admin API may do; each may what those behind it may. */
public enum Role {
  /** Also what can not be undone or costs money: deleting tenants, prices. */
  OWNER,
  /** The daily work: tenants, keys, prompts, residency, limits. */
  OPERATOR,
  /** Reads. */
  AUDITOR;

  static Optional<Role> named(String name) {
    return Arrays.stream(values())
        .filter(role -> role.name().equals(name.toUpperCase(Locale.ROOT)))
        .findFirst();
  }

  /** As the API says it. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The authorities that this role has, its own first. */
  List<String> includes() {
    return Arrays.stream(values())
        .filter(role -> role.compareTo(this) >= 0)
        .map(Role::name)
        .toList();
  }
}
