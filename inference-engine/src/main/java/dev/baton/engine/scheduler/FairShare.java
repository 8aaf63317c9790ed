package dev.baton.engine.scheduler;

import java.util.HashMap;
import java.util.Map;

/**
 * Service received by each tenant: the virtual token counter of "Fairness in Serving Large Language
 * Models" (Sheng et al., OSDI 2024).
 *
 * <p>A tenant's counter grows with the weighted tokens computed for it. The tenant with the
 * smallest counter goes first. A tenant that comes back after a pause is lifted to the smallest
 * counter of those that were active, so that silence saves up no claim; being ahead when leaving is
 * remembered until the others have caught up. Tenants without a claim or a debt are forgotten.
 */
final class FairShare {
  private final Map<String, Account> accounts = new HashMap<>();
  private int activeAccounts;
  private long floor; // smallest counter of the active tenants, never falling

  private static final class Account {
    long counter;
    int sequences;
  }

  /** A sequence of the tenant waits or runs from now on. */
  void enter(String tenantId) {
    Account account = accounts.computeIfAbsent(tenantId, id -> new Account());
    if (account.sequences++ == 0) {
      account.counter = Math.max(account.counter, floor);
      activeAccounts++;
    }
  }

  /** A sequence of the tenant has ended. */
  void leave(String tenantId) {
    Account account = account(tenantId);
    if (--account.sequences == 0) {
      activeAccounts--;
      if (account.counter <= floor) {
        accounts.remove(tenantId);
      }
      raiseFloor();
    }
  }

  void charge(String tenantId, long weightedTokens) {
    Account account = accounts.get(tenantId);
    if (account != null) { // a fill may outlive the last request of its tenant
      account.counter += weightedTokens;
      raiseFloor();
    }
  }

  /** Weighted tokens received; an unknown tenant stands at the floor. */
  long counter(String tenantId) {
    Account account = accounts.get(tenantId);
    return account == null ? floor : account.counter;
  }

  int knownTenants() {
    return accounts.size();
  }

  private void raiseFloor() {
    if (activeAccounts == 0) {
      // Nobody competed for what comes next: all start equal again.
      for (Account account : accounts.values()) {
        floor = Math.max(floor, account.counter);
      }
      accounts.clear();
      return;
    }
    long smallest = Long.MAX_VALUE;
    for (Account account : accounts.values()) {
      if (account.sequences > 0) {
        smallest = Math.min(smallest, account.counter);
      }
    }
    if (smallest > floor) {
      floor = smallest;
      accounts.values().removeIf(account -> account.sequences == 0 && account.counter <= floor);
    }
  }

  private Account account(String tenantId) {
    Account account = accounts.get(tenantId);
    if (account == null) {
      throw new IllegalStateException("a tenant leaves that never entered");
    }
    return account;
  }
}
