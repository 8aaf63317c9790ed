package dev.baton.admin.limits;

/** Whose limit it is. */
public enum Scope {
  TENANT,
  KEY
}
