package dev.baton.engine.kvcache;

import dev.baton.engine.SystemKvKey;
import java.util.Objects;

/** Who a KV block belongs to: one sequence or one system KV, of exactly one tenant. */
public sealed interface BlockOwner {

  /** The tenant whose keys and values the block holds. */
  String tenantId();

  /**
   * A running sequence.
   *
   * @param sequence number of the sequence, unique in its engine
   */
  record RequestKv(String tenantId, long sequence) implements BlockOwner {
    public RequestKv {
      Objects.requireNonNull(tenantId);
    }
  }

  /**
   * One computation of a system KV.
   *
   * @param number number of the computation, unique in its engine
   */
  record System(SystemKvKey key, long number) implements BlockOwner {
    public System {
      Objects.requireNonNull(key);
    }

    @Override
    public String tenantId() {
      return key.tenantId();
    }
  }
}
