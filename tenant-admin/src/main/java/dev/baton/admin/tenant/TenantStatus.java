package dev.baton.admin.tenant;

/** Whether a tenant's requests are served. */
public enum TenantStatus {
  ACTIVE,
  /** Its keys are known, but every request is refused. */
  SUSPENDED
}
