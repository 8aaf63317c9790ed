package dev.baton.engine;

/** Where a system KV is. */
public enum Residency {
  ABSENT,
  FILLING,
  DEVICE,
  EVICTING,
  HOST,
  DISK,
  RESTORING
}
