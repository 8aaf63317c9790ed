package dev.baton.engine.scheduler;

import dev.baton.engine.kvcache.SystemKv;
import dev.baton.engine.kvcache.SystemKvCache;
import dev.baton.engine.kvcache.SystemTokens;
import org.jspecify.annotations.Nullable;

/**
 * How a sequence shares a system KV.
 *
 * @param join one that is there, or null
 * @param fill what is to be filled first, or null
 * @param tokens of the prompt that are read from it
 * @param mismatch why less is shared than asked for, or null
 */
record Sharing(
    @Nullable SystemKv join, @Nullable SystemTokens fill, int tokens, @Nullable String mismatch) {

  static Sharing none(@Nullable String mismatch) {
    return new Sharing(null, null, 0, mismatch);
  }

  int systemTokens() {
    return join != null ? join.tokens().count() : fill != null ? fill.count() : 0;
  }

  /**
   * What the sequence shares. At least one token is always its own: its logits are needed, and a
   * system KV holds none.
   */
  static Sharing of(Sequence sequence, SystemKvCache systemKvs) {
    SystemTokens system = sequence.system();
    if (system == null) {
      return none(null);
    }
    int shareable = sequence.promptTokens() - 1;
    SystemKv current = systemKvs.current(system.key());
    if (sequence.beginsWithSystem()
        && (current == null || current.tokens().edition() <= system.edition())) {
      boolean join = current != null && current.tokens().edition() == system.edition();
      return new Sharing(
          join ? current : null, join ? null : system, Math.min(system.count(), shareable), null);
    }
    String mismatch =
        sequence.beginsWithSystem() ? Scheduler.MISMATCH_EDITION : Scheduler.MISMATCH_RENDERING;
    if (current == null) {
      return none(mismatch);
    }
    int common = Math.min(current.commonTokens(sequence.tokens(), sequence.length()), shareable);
    return common == 0 ? none(mismatch) : new Sharing(current, null, common, mismatch);
  }
}
