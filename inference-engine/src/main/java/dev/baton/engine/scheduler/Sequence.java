package dev.baton.engine.scheduler;

import dev.baton.engine.kvcache.BlockOwner;
import dev.baton.engine.kvcache.BlockPool;
import dev.baton.engine.kvcache.BlockTable;
import dev.baton.engine.kvcache.SystemKv;
import dev.baton.engine.kvcache.SystemTokens;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The tokens of one request and how far they are computed.
 *
 * <p>Token positions of an admitted sequence: {@code [0, sharedTokens)} are read from the system
 * KV, {@code [sharedTokens, computedTokens)} are in its own blocks, {@code [computedTokens,
 * length)} are to be computed. One token to compute is a decode, more are a prefill; nothing else
 * tells the two apart, so that a preempted sequence continues exactly where it was.
 */
public final class Sequence {
  private final long number;
  private final String tenantId;
  private final @Nullable SystemTokens system;
  private final int promptTokens;
  private final int matchingTokens;
  private int[] tokens;
  private int length;

  private @Nullable BlockTable table;
  private @Nullable SystemKv systemKv;
  private int sharedTokens;
  private int computedTokens;
  private boolean admittedBefore;
  private boolean hitCounted;
  private boolean mismatchCounted;

  /**
   * @param number order of arrival, unique in its engine
   * @param prompt all tokens of the prompt, system part included; at least one
   * @param system what the prompt may share, or null
   */
  public Sequence(long number, String tenantId, int[] prompt, @Nullable SystemTokens system) {
    if (prompt.length == 0) {
      throw new IllegalArgumentException("a sequence needs at least one token");
    }
    this.number = number;
    this.tenantId = tenantId;
    this.system = system;
    this.promptTokens = prompt.length;
    this.tokens = Arrays.copyOf(prompt, prompt.length + 16);
    this.length = prompt.length;
    this.matchingTokens = system == null ? 0 : common(system.ids(), prompt);
  }

  private static int common(int[] a, int[] b) {
    int mismatch = Arrays.mismatch(a, b);
    return mismatch < 0 ? a.length : mismatch;
  }

  public long number() {
    return number;
  }

  public String tenantId() {
    return tenantId;
  }

  public @Nullable SystemTokens system() {
    return system;
  }

  public int promptTokens() {
    return promptTokens;
  }

  public int length() {
    return length;
  }

  public int token(int position) {
    return tokens[position];
  }

  /** Tokens read from the system KV. */
  public int sharedTokens() {
    return sharedTokens;
  }

  public int computedTokens() {
    return computedTokens;
  }

  /** Whether the prompt begins with all tokens of the system KV. */
  boolean beginsWithSystem() {
    return system != null && matchingTokens == system.count();
  }

  int[] tokens() {
    return tokens;
  }

  int pendingTokens() {
    return length - computedTokens;
  }

  void append(int token) {
    if (length == tokens.length) {
      tokens = Arrays.copyOf(tokens, length * 2);
    }
    tokens[length++] = token;
  }

  @Nullable SystemKv systemKv() {
    return systemKv;
  }

  BlockTable table() {
    if (table == null) {
      throw new IllegalStateException("the sequence is not running");
    }
    return table;
  }

  boolean running() {
    return table != null;
  }

  /** Whether what it shares is computed. */
  boolean ready() {
    return systemKv == null || systemKv.resident();
  }

  void admit(BlockPool pool, @Nullable SystemKv shared, int count) {
    if (table != null) {
      throw new IllegalStateException("the sequence is running already");
    }
    table = new BlockTable(pool, new BlockOwner.RequestKv(tenantId, number));
    systemKv = shared;
    sharedTokens = count;
    computedTokens = count;
  }

  /** Tokens of the request KV once all pending tokens are computed. */
  int requestTokens() {
    return length - sharedTokens;
  }

  void computed(int count) {
    computedTokens += count;
  }

  /** Gives the blocks back; what is computed is lost. */
  void release() {
    table().release();
    table = null;
    systemKv = null;
    computedTokens = 0;
  }

  /** True the first time only. */
  boolean firstAdmission() {
    boolean first = !admittedBefore;
    admittedBefore = true;
    return first;
  }

  /** True the first time only. */
  boolean firstHit() {
    boolean first = !hitCounted;
    hitCounted = true;
    return first;
  }

  /** True the first time only. */
  boolean firstMismatch() {
    boolean first = !mismatchCounted;
    mismatchCounted = true;
    return first;
  }

  @Override
  public String toString() {
    return "Sequence[%d, %d of %d tokens computed]".formatted(number, computedTokens, length);
  }
}
