package dev.baton.admin.storage;

/**
 * Names of a tenant's keys in Redis. All carry the tenant's id as hash tag, so that one script can
 * change several of them on a Redis Cluster too.
 *
 * <pre>
 * baton:{TENANT}:tenant        hash    name, status, createdAt, activeVersion, previousVersion, activation,
 *                                      versions, pinBudget; deletedAt, purgeAt, statusBefore while deleted
 * baton:{TENANT}:audit         stream  one entry a change
 * baton:{TENANT}:keys          hash    key id -> JSON: name, hash, createdAt, expiresAt
 * baton:{TENANT}:revoked       hash    key id -> when
 * baton:{TENANT}:used          hash    key id -> when, coarse, not audited
 * baton:{TENANT}:prompts       hash    version id -> JSON without text
 * baton:{TENANT}:texts         hash    version id -> text
 * baton:{TENANT}:activations   hash    activation id -> JSON
 * baton:{TENANT}:drafts        hash    draft id -> JSON without text
 * baton:{TENANT}:draftTexts    hash    draft id -> text
 * baton:{TENANT}:labels        hash    label -> JSON
 * baton:{TENANT}:pins          hash    version id -> JSON
 * baton:{TENANT}:limits        hash    "tenant" or key id -> JSON
 * baton:{TENANT}:rates[:KEY]   hash    the last minute of the tenant, of a key; in memory only
 * baton:{TENANT}:leases        zset    request -> when it counts as lost; in memory only
 * baton:{TENANT}:reserved      hash    request -> what is reserved for it; in memory only
 * baton:{TENANT}:budget        hash    tokens of the day and the month, of the tenant and each key
 * baton:{TENANT}:ledger        stream  one entry a settled request
 * baton:{TENANT}:settled:N     set     requests settled that began in hour N since 1970
 * baton:{TENANT}:usage:B:N     hash    usage by B: minutes of hour N, hours of day N, days of N * 32
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

  public String drafts() {
    return key("drafts");
  }

  public String draftTexts() {
    return key("draftTexts");
  }

  public String labels() {
    return key("labels");
  }

  public String pins() {
    return key("pins");
  }

  public String activations() {
    return key("activations");
  }

  public String limits() {
    return key("limits");
  }

  /** A key's window is named by this and its id: {@code rates:KEY}. */
  public String rates() {
    return key("rates");
  }

  public String leases() {
    return key("leases");
  }

  public String reserved() {
    return key("reserved");
  }

  public String budget() {
    return key("budget");
  }

  public String ledger() {
    return key("ledger");
  }

  public String settled(long hour) {
    return key("settled:" + hour);
  }

  public String usage(String bucket, long part) {
    return key("usage:" + bucket + ":" + part);
  }

  /** What all of them begin with. */
  public String prefix() {
    return "baton:{" + tenantId + "}:";
  }

  private String key(String kind) {
    return prefix() + kind;
  }
}
