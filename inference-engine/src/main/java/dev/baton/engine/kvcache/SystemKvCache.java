package dev.baton.engine.kvcache;

import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.Residency;
import dev.baton.engine.SystemKvKey;
import dev.baton.engine.SystemKvStatus;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The system KVs of all tenants: which are resident, being filled or only remembered, who uses
 * them, which are pinned.
 *
 * <p>Design. A {@link SystemKvKey} names an entry; the entry's current {@link SystemKv} is the
 * computation that new sequences join. When the same version renders to other tokens (a later
 * {@linkplain SystemTokens#edition edition}), the current one is retired: its sequences finish on
 * it, and its blocks go back with the last of them. Nothing here is ever found by content.
 *
 * <p>Never evicted: what is pinned, what sequences use, and a fill that somebody {@linkplain #want
 * wants}. Counts add up: Σ fills − Σ evictions is the number of resident system KVs. Absent entries
 * are forgotten, least recently used first, beyond a limit.
 *
 * <p>Used by the engine thread only.
 */
public final class SystemKvCache {
  private static final Logger LOG = System.getLogger(SystemKvCache.class.getName());

  private final BlockPool pool;
  private final int pinBudgetBlocks;
  private final int rememberedLimit;
  private final InstantSource clock;

  private final Map<SystemKvKey, Entry> entries = new LinkedHashMap<>();
  private final Map<SystemKvKey, SystemTokens> wanted = new LinkedHashMap<>();
  private final Set<SystemKv> filling = new LinkedHashSet<>();
  private long ticks;
  private long numbers;
  private long version;

  private static final class Entry {
    final SystemKvKey key;
    @Nullable SystemKv current;
    boolean pinned;
    int tokenCount;
    int users; // of the current and of retired ones
    int heldBlocks; // of the current and of retired ones
    long fills;
    long hits;
    long evictions;
    final Map<String, Long> mismatches = new TreeMap<>();
    long lastTick;
    @Nullable Instant lastUsed;

    Entry(SystemKvKey key) {
      this.key = key;
    }
  }

  /**
   * @param pinBudgetBlocks blocks that pinned system KVs may take together
   * @param rememberedLimit entries known at most, as far as they hold no memory
   */
  public SystemKvCache(
      BlockPool pool, int pinBudgetBlocks, int rememberedLimit, InstantSource clock) {
    this.pool = pool;
    this.pinBudgetBlocks = pinBudgetBlocks;
    this.rememberedLimit = rememberedLimit;
    this.clock = clock;
  }

  /** The system KV that a new sequence of this prompt version joins, resident or filling. */
  public @Nullable SystemKv current(SystemKvKey key) {
    Entry entry = entries.get(key);
    return entry == null ? null : entry.current;
  }

  /**
   * Begins to fill a system KV; the caller has made {@linkplain #makeRoom room} for its blocks and
   * computes its tokens. An earlier edition is retired.
   *
   * @throws EngineException when the device could not clear the blocks; nothing has changed then
   */
  public SystemKv startFill(SystemTokens tokens) {
    Entry entry = entry(tokens.key());
    SystemKv previous = entry.current;
    if (previous != null && previous.tokens().edition() >= tokens.edition()) {
      throw new IllegalStateException("a system KV is filled though it is there: " + tokens);
    }
    SystemKv systemKv = new SystemKv(tokens, ++numbers, pool);
    systemKv.allocate();
    if (previous != null) {
      retire(entry, previous);
    }
    entry.current = systemKv;
    entry.tokenCount = tokens.count();
    entry.heldBlocks += systemKv.table().blockCount();
    filling.add(systemKv);
    if (systemKv.resident()) { // a prompt of no tokens
      completed(entry, systemKv);
    }
    changed();
    return systemKv;
  }

  private void retire(Entry entry, SystemKv systemKv) {
    systemKv.retire();
    entry.current = null;
    if (systemKv.users() == 0) {
      release(entry, systemKv);
    }
  }

  private void release(Entry entry, SystemKv systemKv) {
    entry.heldBlocks -= systemKv.table().blockCount();
    if (systemKv.resident()) {
      entry.evictions++;
    }
    filling.remove(systemKv);
    if (entry.current == systemKv) {
      entry.current = null;
    }
    log(systemKv, systemKv.resident() ? "evicted" : "given up while it was filled");
    systemKv.release();
    changed();
  }

  /** System KVs being filled, in the order in which their fills began. */
  public Collection<SystemKv> filling() {
    return filling;
  }

  /** Counts tokens that a step has computed. */
  public void filled(SystemKv systemKv, int tokenCount) {
    systemKv.filled(tokenCount);
    if (systemKv.resident()) {
      completed(entry(systemKv.tokens().key()), systemKv);
    }
    changed();
  }

  private void completed(Entry entry, SystemKv systemKv) {
    entry.fills++;
    filling.remove(systemKv);
    log(systemKv, "resident");
    SystemTokens want = wanted.get(entry.key);
    if (want != null && want.edition() <= systemKv.tokens().edition()) {
      wanted.remove(entry.key);
    }
  }

  /**
   * Gives up a fill that failed, once no sequence waits for it. Nobody wants it any longer, and it
   * is no longer pinned.
   */
  public void abandon(SystemKv systemKv) {
    Entry entry = entry(systemKv.tokens().key());
    if (entry.current == systemKv) {
      wanted.remove(entry.key);
      entry.pinned = false;
    }
    release(entry, systemKv);
  }

  /**
   * Remembers that an admin wants this system KV resident; it is filled as soon as there is room.
   */
  public void want(SystemTokens tokens) {
    Entry entry = entry(tokens.key());
    SystemKv current = entry.current;
    if (current != null && current.resident() && current.tokens().edition() >= tokens.edition()) {
      return;
    }
    entry.tokenCount = tokens.count();
    wanted.put(tokens.key(), tokens);
    touch(entry);
  }

  /** Wanted system KVs whose fill has not begun, in the order of the wishes. */
  public List<SystemTokens> wantedFills() {
    if (wanted.isEmpty()) {
      return List.of();
    }
    List<SystemTokens> fills = new ArrayList<>();
    for (SystemTokens tokens : wanted.values()) {
      SystemKv current = current(tokens.key());
      if (current == null || current.tokens().edition() < tokens.edition()) {
        fills.add(tokens);
      }
    }
    return fills;
  }

  /** Whether a fill of this version runs or waits for room. */
  public boolean pending(SystemKvKey key) {
    SystemKv current = current(key);
    return wanted.containsKey(key) || (current != null && !current.resident());
  }

  /** Drops the wish, for instance because it can never be granted; unpins too. */
  public void unwant(SystemKvKey key) {
    wanted.remove(key);
    entry(key).pinned = false;
    changed();
  }

  /** A sequence begins to read the system KV, or to wait for its fill. */
  public void use(SystemKv systemKv) {
    Entry entry = entry(systemKv.tokens().key());
    systemKv.use();
    entry.users++;
    touch(entry);
  }

  /** A sequence reads it no longer. */
  public void unuse(SystemKv systemKv) {
    Entry entry = entry(systemKv.tokens().key());
    systemKv.unuse();
    entry.users--;
    touch(entry);
    if (systemKv.retired() && systemKv.users() == 0) {
      release(entry, systemKv);
    }
  }

  /** Counts a request that found the system KV resident or filling. */
  public void countHit(SystemKvKey key) {
    entry(key).hits++;
    changed();
  }

  /** Counts a request that could not share all tokens. */
  public void countMismatch(SystemKvKey key, String cause) {
    entry(key).mismatches.merge(cause, 1L, Long::sum);
    changed();
  }

  /**
   * Makes blocks free by evicting what is neither pinned, used nor wanted, least recently used
   * first; evicts nothing when that can not be enough.
   *
   * @param keep a system KV that stays in any case, or null
   * @return whether {@code blocks} blocks are free now
   */
  public boolean makeRoom(int blocks, @Nullable SystemKv keep) {
    if (pool.freeCount() >= blocks) {
      return true;
    }
    int reachable = pool.freeCount();
    for (Entry entry : entries.values()) {
      if (evictable(entry, keep)) {
        reachable += currentBlocks(entry);
      }
    }
    if (reachable < blocks) {
      return false;
    }
    while (pool.freeCount() < blocks) {
      Entry oldest = null;
      for (Entry entry : entries.values()) {
        if (evictable(entry, keep)
            && currentBlocks(entry) > 0
            && (oldest == null || entry.lastTick < oldest.lastTick)) {
          oldest = entry;
        }
      }
      if (oldest == null || oldest.current == null) {
        throw new IllegalStateException("evictable blocks have vanished: " + pool);
      }
      release(oldest, oldest.current);
    }
    return true;
  }

  private boolean evictable(Entry entry, @Nullable SystemKv keep) {
    return entry.current != null
        && entry.current != keep
        && entry.current.users() == 0
        && !entry.pinned
        && !wanted.containsKey(entry.key);
  }

  private static int currentBlocks(Entry entry) {
    return entry.current == null ? 0 : entry.current.table().blockCount();
  }

  /**
   * Frees the blocks at once, ends a running fill and unpins; evicting what is absent does nothing.
   *
   * @throws EngineException {@link ErrorCode#SYSTEM_KV_IN_USE} when sequences use it
   */
  public void evict(SystemKvKey key) {
    Entry entry = entries.get(key);
    if (entry == null) {
      return;
    }
    if (entry.users > 0) {
      throw new EngineException(
          ErrorCode.SYSTEM_KV_IN_USE,
          "%d running requests use system KV %s; try again when they have ended"
              .formatted(entry.users, key.versionId()));
    }
    wanted.remove(key);
    entry.pinned = false;
    if (entry.current != null) {
      release(entry, entry.current);
    }
    changed();
  }

  /**
   * Protects a system KV from eviction, resident or not, and reserves its share of the pin budget.
   *
   * @throws EngineException {@link ErrorCode#PIN_BUDGET_EXCEEDED}
   */
  public void pin(SystemTokens tokens) {
    Entry entry = entry(tokens.key());
    int others = pinnedBlocksWithout(tokens.key());
    int blocks = pool.layout().blocksFor(tokens.count());
    if (others + blocks > pinBudgetBlocks) {
      throw new EngineException(
          ErrorCode.PIN_BUDGET_EXCEEDED,
          "pinning %s needs %d KV blocks, but %d of the pin budget's %d are free; unpin others, or raise the pin budget"
              .formatted(
                  tokens.key().versionId(),
                  blocks,
                  Math.max(0, pinBudgetBlocks - others),
                  pinBudgetBlocks));
    }
    entry.tokenCount = tokens.count();
    entry.pinned = true;
    touch(entry);
  }

  /**
   * Returns a pinned system KV to LRU.
   *
   * @throws EngineException {@link ErrorCode#SYSTEM_KV_UNKNOWN}
   */
  public void unpin(SystemKvKey key) {
    Entry entry = entries.get(key);
    if (entry == null) {
      throw new EngineException(
          ErrorCode.SYSTEM_KV_UNKNOWN,
          "no system KV %s is known here; warm it first".formatted(key.versionId()));
    }
    entry.pinned = false;
    changed();
  }

  /** Blocks that sequences and other system KVs can have at most while the pins stay. */
  public int unpinnedCapacity(@Nullable SystemKvKey forKey) {
    return pool.totalCount() - pinnedBlocksWithout(forKey);
  }

  private int pinnedBlocksWithout(@Nullable SystemKvKey key) {
    int blocks = 0;
    for (Entry entry : entries.values()) {
      if (entry.pinned && !entry.key.equals(key)) {
        blocks += Math.max(pool.layout().blocksFor(entry.tokenCount), currentBlocks(entry));
      }
    }
    return blocks;
  }

  /** Blocks that pinned system KVs hold. */
  public int pinnedBlocks() {
    int blocks = 0;
    for (Entry entry : entries.values()) {
      if (entry.pinned) {
        blocks += currentBlocks(entry);
      }
    }
    return blocks;
  }

  public int pinBudgetBlocks() {
    return pinBudgetBlocks;
  }

  /** Grows with every change that {@link #statuses} shows. */
  public long version() {
    return version;
  }

  /** Every known system KV, most recently used first. */
  public List<SystemKvStatus> statuses() {
    return entries.values().stream()
        .sorted(Comparator.comparingLong((Entry entry) -> entry.lastTick).reversed())
        .map(this::status)
        .toList();
  }

  /** One system KV, also when it is not known (any longer). */
  public SystemKvStatus status(SystemKvKey key) {
    Entry entry = entries.get(key);
    return status(entry == null ? new Entry(key) : entry);
  }

  private SystemKvStatus status(Entry entry) {
    SystemKv current = entry.current;
    Residency residency = Residency.ABSENT;
    if (current != null && current.resident()) {
      residency = Residency.DEVICE;
    } else if (current != null || wanted.containsKey(entry.key)) {
      residency = Residency.FILLING;
    }
    return new SystemKvStatus(
        entry.key,
        residency,
        entry.pinned,
        entry.tokenCount,
        current == null ? 0 : current.filledTokens(),
        entry.heldBlocks * pool.layout().blockBytes(),
        entry.users,
        entry.fills,
        entry.hits,
        entry.evictions,
        entry.mismatches,
        entry.lastUsed);
  }

  private Entry entry(SystemKvKey key) {
    Entry entry = entries.get(key);
    if (entry == null) {
      forgetBeyondLimit();
      entry = new Entry(key);
      entries.put(key, entry);
      touch(entry);
    }
    return entry;
  }

  private void forgetBeyondLimit() {
    while (entries.size() >= rememberedLimit) {
      Entry oldest = null;
      for (Entry entry : entries.values()) {
        if (entry.current == null
            && entry.heldBlocks == 0
            && entry.users == 0
            && !entry.pinned
            && !wanted.containsKey(entry.key)
            && (oldest == null || entry.lastTick < oldest.lastTick)) {
          oldest = entry;
        }
      }
      if (oldest == null) {
        return; // all of them hold memory, which bounds them
      }
      entries.remove(oldest.key);
    }
  }

  private static void log(SystemKv systemKv, String change) {
    LOG.log(
        Level.INFO,
        () ->
            "system KV %s of tenant %s is %s: %d tokens, %d blocks"
                .formatted(
                    systemKv.tokens().key().versionId(),
                    systemKv.tokens().key().tenantId(),
                    change,
                    systemKv.tokens().count(),
                    systemKv.table().blockCount()));
  }

  private void touch(Entry entry) {
    entry.lastTick = ++ticks;
    entry.lastUsed = clock.instant();
    changed();
  }

  private void changed() {
    version++;
  }
}
