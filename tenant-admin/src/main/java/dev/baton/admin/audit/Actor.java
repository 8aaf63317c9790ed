package dev.baton.admin.audit;

import java.util.Objects;

/** Who makes a change; the name stands in the audit log. */
public record Actor(String name) {

  /** Whoever holds {@code baton.admin.token}. */
  public static final Actor ADMIN = new Actor("admin");

  public Actor {
    Objects.requireNonNull(name);
  }
}
