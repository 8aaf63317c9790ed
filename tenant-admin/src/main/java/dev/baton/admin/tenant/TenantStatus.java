package dev.baton.admin.tenant;

/** Whether a tenant's requests are served. */
public enum TenantStatus {
  ACTIVE,
  /** Its keys are known, but every request is refused. */
  SUSPENDED,
  /** Its keys are refused as unknown ones are; it can be restored until it is purged. */
  DELETED,
  /** What it owned is being removed. */
  PURGING;

  /** Whether it was deleted, purged or not. */
  public boolean deleted() {
    return this == DELETED || this == PURGING;
  }
}
