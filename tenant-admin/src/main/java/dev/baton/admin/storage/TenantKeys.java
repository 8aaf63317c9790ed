package dev.baton.admin.storage;

/**
 * Names of a tenant's keys in Redis. All carry the tenant's id as hash tag, so that one script can
 * change several of them on a Redis Cluster too.
 *
 * <pre>
 * baton:{TENANT}:tenant        hash    name, status, createdAt, activeVersion, activation, versions
 * baton:{TENANT}:audit         stream  one entry a change
 * baton:{TENANT}:keys          hash    key id -> JSON: name, hash, createdAt, expiresAt
 * baton:{TENANT}:revoked       hash    key id -> when
 * baton:{TENANT}:used          hash    key id -> when, coarse, not audited
 * baton:{TENANT}:prompts       hash    version id -> JSON without text
 * baton:{TENANT}:texts         hash    version id -> text
 * baton:{TENANT}:activations   hash    activation id -> JSON
 * baton:{TENANT}:limits        hash    "tenant" or key id -> JSON
 * </pre>
 */
public record TenantKeys(String tenantId) {
  public String tenant() {
    return key("tenant");
  }

  public String audit() {
    return key("audit");
  }

  public String keys() {
    return key("keys");
  }

  public String revoked() {
    return key("revoked");
  }

  public String used() {
    return key("used");
  }

  public String prompts() {
    return key("prompts");
  }

  public String texts() {
    return key("texts");
  }

  public String activations() {
    return key("activations");
  }

  public String limits() {
    return key("limits");
  }

  private String key(String kind) {
    return "baton:{" + tenantId + "}:" + kind;
  }
}
