package dev.baton.engine.scheduler;

import dev.baton.engine.kvcache.SystemKv;
import java.util.Comparator;

/** Prompt tokens or a fill that may advance in a step. */
sealed interface Prefill {
  String tenantId();

  long number();

  /** Tokens to compute. */
  int left();

  /** Tokens that the next ones attend to. */
  int held();

  void add(StepAssembly assembly, int tokens);

  /** The tenant served least first, its fills before its requests, the oldest first. */
  static Comparator<Prefill> order(FairShare fairShare) {
    return Comparator.comparingLong((Prefill prefill) -> fairShare.counter(prefill.tenantId()))
        .thenComparing(prefill -> prefill instanceof Request)
        .thenComparingLong(Prefill::number);
  }

  /** A system KV that is being filled. */
  record Fill(SystemKv systemKv) implements Prefill {
    @Override
    public String tenantId() {
      return systemKv.tokens().key().tenantId();
    }

    @Override
    public long number() {
      return systemKv.number();
    }

    @Override
    public int left() {
      return systemKv.tokens().count() - systemKv.filledTokens();
    }

    @Override
    public int held() {
      return systemKv.filledTokens();
    }

    @Override
    public void add(StepAssembly assembly, int tokens) {
      assembly.add(systemKv, tokens);
    }
  }

  /** A request's prompt. */
  record Request(Sequence sequence) implements Prefill {
    @Override
    public String tenantId() {
      return sequence.tenantId();
    }

    @Override
    public long number() {
      return sequence.number();
    }

    @Override
    public int left() {
      return sequence.pendingTokens();
    }

    @Override
    public int held() {
      return sequence.computedTokens();
    }

    @Override
    public void add(StepAssembly assembly, int tokens) {
      assembly.add(sequence, tokens);
    }
  }
}
