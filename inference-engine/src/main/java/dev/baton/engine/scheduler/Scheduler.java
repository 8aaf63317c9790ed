package dev.baton.engine.scheduler;

import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.attention.RelayCostModel;
import dev.baton.engine.kvcache.BlockPool;
import dev.baton.engine.kvcache.SystemKv;
import dev.baton.engine.kvcache.SystemKvCache;
import dev.baton.engine.kvcache.SystemTokens;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Decides what each step computes: continuous batching with chunked prefill under a token budget.
 *
 * <p>A step takes, in this order: one token of every sequence that decodes; prompts and fills, the
 * tenant served least first, as far as the budget reaches: the tokens of a step, and beside decodes
 * also the time that they may wait ({@link PrefillBudget}). New sequences join while the batch has
 * places: a long prompt or a fill of one tenant does not keep another's short prompt out.
 *
 * <p>Memory. A sequence is admitted when the blocks of all its known tokens, of its system KV where
 * that is absent, and one block for each running sequence can be had; it takes its own at once, so
 * that only decodes ever need more. When a decode finds no block, system KVs that are neither
 * pinned, used nor wanted are evicted, then the youngest sequence is preempted. The oldest running
 * sequence thus always advances, nothing waits for itself, and the head of the queue stops others
 * from being admitted before it, so that nothing starves.
 *
 * <p>A system KV is filled by chunks of its own beside all the rest; sequences that share it are
 * admitted meanwhile and wait for it holding their blocks. What can not be shared (a prompt that
 * does not begin with the system tokens, a system KV too large to sit beside the request) is
 * computed without it, exactly, and counted with its cause.
 *
 * <p>Used by the engine thread only.
 */
public final class Scheduler {
  /** The prompt's rendering did not begin with the system tokens. */
  public static final String MISMATCH_RENDERING = "rendering";

  /** The request was rendered before the system tokens changed, as at the turn of a day. */
  public static final String MISMATCH_EDITION = "earlier_edition";

  /** System KV and request do not fit the memory side by side. */
  public static final String MISMATCH_MEMORY = "memory";

  private final SchedulerSettings settings;
  private final BlockPool pool;
  private final SystemKvCache systemKvs;
  private final StepAssembly assembly;

  private final WaitingSequences waiting = new WaitingSequences();
  private final List<Sequence> running = new ArrayList<>(); // oldest first
  private final FairShare fairShare = new FairShare();
  private final StepTimeModel times = new StepTimeModel();
  private final List<Failure> failures = new ArrayList<>();
  private long preemptions;

  /** A sequence that ended without being computed to its end; it holds nothing any longer. */
  public record Failure(Sequence sequence, EngineException error) {}

  public Scheduler(
      SchedulerSettings settings,
      BlockPool pool,
      SystemKvCache systemKvs,
      RelayCostModel relayCostModel) {
    this.settings = settings;
    this.pool = pool;
    this.systemKvs = systemKvs;
    this.assembly = new StepAssembly(settings.relay(), relayCostModel);
  }

  /** Queues a sequence. */
  public void submit(Sequence sequence) {
    fairShare.enter(sequence.tenantId());
    waiting.add(sequence);
  }

  /** Ends a sequence, wherever it is, and takes its blocks back. */
  public void remove(Sequence sequence) {
    if (running.remove(sequence)) {
      release(sequence);
    } else if (!waiting.remove(sequence)) {
      throw new IllegalStateException(sequence + " is not scheduled");
    }
    fairShare.leave(sequence.tenantId());
  }

  public int runningCount() {
    return running.size();
  }

  public int waitingCount() {
    return waiting.count();
  }

  /** Whether the next step may compute something. */
  public boolean hasWork() {
    return !running.isEmpty()
        || waiting.count() > 0
        || !systemKvs.filling().isEmpty()
        || !systemKvs.wantedFills().isEmpty();
  }

  /**
   * The next step, or null when there is nothing to compute now. Sequences that can never run are
   * then among the {@linkplain #takeFailures failures}.
   */
  public @Nullable StepPlan schedule() {
    assembly.begin();
    boolean room = startWantedFills();
    scheduleDecodes();
    if (room) {
      admit();
    }
    schedulePrefills();
    return assembly.finish();
  }

  /** Sequences that failed since the last call. */
  public List<Failure> takeFailures() {
    List<Failure> taken = List.copyOf(failures);
    failures.clear();
    return taken;
  }

  /** Counts what a step has computed; its sampled sequences await {@link #append}. */
  public void completed(StepPlan plan) {
    assembly.completed(plan);
    for (StepPlan.Part part : plan.parts()) {
      switch (part) {
        case StepPlan.RequestPart request -> request.sequence().computed(request.tokenCount());
        case StepPlan.FillPart fill -> {
          fairShare.charge(
              fill.systemKv().tokens().key().tenantId(),
              (long) settings.promptWeight() * fill.tokenCount());
          systemKvs.filled(fill.systemKv(), fill.tokenCount());
        }
      }
    }
  }

  /** Says how long a completed step took, from its scheduling to its last token. */
  public void measured(StepPlan plan, Duration took) {
    times.measured(StepLoad.of(plan.step()), took.toNanos());
  }

  /** Adds a generated token, to be computed by the next step. */
  public void append(Sequence sequence, int token) {
    sequence.append(token);
    fairShare.charge(sequence.tenantId(), settings.outputWeight());
  }

  /**
   * Gives up whatever a failed step was computing: its sequences, its fills, and the sequences that
   * waited for these fills.
   */
  public void failed(StepPlan plan, EngineException error) {
    for (StepPlan.Part part : plan.parts()) {
      switch (part) {
        case StepPlan.RequestPart request -> fail(request.sequence(), error);
        case StepPlan.FillPart fill -> {
          for (Sequence sequence : List.copyOf(running)) {
            if (sequence.systemKv() == fill.systemKv()) {
              fail(sequence, error);
            }
          }
          if (!fill.systemKv().released()) { // a retired one went with its last sequence
            systemKvs.abandon(fill.systemKv());
          }
        }
      }
    }
  }

  private void fail(Sequence sequence, EngineException error) {
    remove(sequence);
    failures.add(new Failure(sequence, error));
  }

  public StepCounts counts() {
    return assembly.counts(preemptions);
  }

  // ---- memory ----

  private void release(Sequence sequence) {
    SystemKv systemKv = sequence.systemKv();
    sequence.release();
    if (systemKv != null) {
      systemKvs.unuse(systemKv);
    }
  }

  private void preempt(Sequence sequence) {
    running.remove(sequence);
    release(sequence);
    waiting.addPreempted(sequence);
    preemptions++;
  }

  /** Gives a decode its next block; false when the sequence was preempted or failed instead. */
  private boolean grow(Sequence sequence) {
    int missing = sequence.table().missingFor(sequence.requestTokens());
    while (!systemKvs.makeRoom(missing, null)) {
      Sequence youngest = running.getLast();
      preempt(youngest);
      if (youngest == sequence) {
        return false;
      }
    }
    try {
      sequence.table().growTo(sequence.requestTokens());
      return true;
    } catch (EngineException e) {
      fail(sequence, e);
      return false;
    }
  }

  // ---- decodes ----

  private void scheduleDecodes() {
    for (int i = 0; i < running.size(); i++) {
      Sequence sequence = running.get(i);
      if (sequence.ready() && sequence.pendingTokens() == 1) {
        if (grow(sequence)) {
          assembly.add(sequence, 1);
        } else {
          i--;
        }
      }
    }
  }

  // ---- admission ----

  private enum Admission {
    ADMITTED,
    NO_ROOM,
    FAILED
  }

  /** An admin's wishes come before waiting requests; false when one of them waits for room. */
  private boolean startWantedFills() {
    for (SystemTokens tokens : systemKvs.wantedFills()) {
      int blocks = pool.layout().blocksFor(tokens.count());
      if (blocks > systemKvs.unpinnedCapacity(tokens.key())) {
        systemKvs.unwant(tokens.key());
      } else if (systemKvs.makeRoom(blocks, null)) {
        try {
          systemKvs.startFill(tokens);
        } catch (EngineException e) {
          systemKvs.unwant(tokens.key());
        }
      } else {
        return false;
      }
    }
    return true;
  }

  private void admit() {
    while (running.size() < settings.maxSequences()) {
      Sequence next =
          waiting.next(
              sequence -> fairShare.counter(sequence.tenantId()),
              this::price,
              settings.affinityTokens());
      if (next == null) {
        return;
      }
      if (admit(next) == Admission.NO_ROOM) {
        return;
      }
    }
  }

  /** Tokens whose keys and values a decode step reads additionally once the sequence runs. */
  private long price(Sequence sequence) {
    SystemTokens system = sequence.system();
    if (system == null || !sequence.beginsWithSystem()) {
      return sequence.length();
    }
    int own = sequence.length() - system.count();
    SystemKv current = systemKvs.current(system.key());
    boolean shared = settings.relay() != RelayMode.OFF && current != null && current.users() > 0;
    return shared ? own : own + system.count();
  }

  private Admission admit(Sequence sequence) {
    Sharing sharing = Sharing.of(sequence, systemKvs);
    int systemBlocks = pool.layout().blocksFor(sharing.systemTokens());
    int ownBlocks = pool.layout().blocksFor(sequence.length() - sharing.tokens());
    SystemTokens system = sequence.system();
    if (systemBlocks > 0
        && system != null
        && systemBlocks + ownBlocks > systemKvs.unpinnedCapacity(system.key())) {
      sharing = Sharing.none(MISMATCH_MEMORY);
      systemBlocks = 0;
      ownBlocks = pool.layout().blocksFor(sequence.length());
    }
    if (systemBlocks == 0 && ownBlocks > systemKvs.unpinnedCapacity(null)) {
      fail(sequence, neverFits(sequence, ownBlocks));
      return Admission.FAILED;
    }
    int fillBlocks = sharing.fill() == null ? 0 : systemBlocks;
    int headroom = running.size();
    if (!systemKvs.makeRoom(fillBlocks + ownBlocks + headroom, sharing.join())) {
      return Admission.NO_ROOM;
    }
    return start(sequence, sharing);
  }

  private Admission start(Sequence sequence, Sharing sharing) {
    try {
      SystemKv systemKv = sharing.join();
      if (sharing.fill() != null) {
        systemKv = systemKvs.startFill(sharing.fill());
      }
      sequence.admit(pool, systemKv, sharing.tokens());
      if (systemKv != null) {
        systemKvs.use(systemKv);
      }
      waiting.remove(sequence);
      running.add(position(sequence), sequence);
      sequence.table().growTo(sequence.requestTokens());
    } catch (EngineException e) {
      fail(sequence, e);
      return Admission.FAILED;
    }
    count(sequence, sharing);
    return Admission.ADMITTED;
  }

  private int position(Sequence sequence) {
    int i = running.size();
    while (i > 0 && running.get(i - 1).number() > sequence.number()) {
      i--;
    }
    return i;
  }

  private void count(Sequence sequence, Sharing sharing) {
    SystemTokens system = sequence.system();
    if (system != null) {
      String mismatch = sharing.mismatch() != null ? sharing.mismatch() : system.uncovered();
      if (mismatch != null && sequence.firstMismatch()) {
        systemKvs.countMismatch(system.key(), mismatch);
      }
      if (sharing.mismatch() == null && sequence.firstHit() && sharing.join() != null) {
        systemKvs.countHit(system.key());
      }
    }
    if (sequence.firstAdmission()) {
      fairShare.charge(
          sequence.tenantId(), (long) settings.promptWeight() * sequence.requestTokens());
    }
  }

  private EngineException neverFits(Sequence sequence, int blocks) {
    return new EngineException(
        ErrorCode.MEMORY_FULL,
        ("the request needs %d KV blocks for %d tokens, but KV memory has %d for it"
                + " (%d blocks, %d of them pinned); shorten the request, unpin system prompts,"
                + " or give the engine more KV memory")
            .formatted(
                blocks,
                sequence.length(),
                systemKvs.unpinnedCapacity(null),
                pool.totalCount(),
                pool.totalCount() - systemKvs.unpinnedCapacity(null)));
  }

  // ---- prefills ----

  private void schedulePrefills() {
    List<Prefill> prefills = new ArrayList<>();
    for (SystemKv fill : systemKvs.filling()) {
      prefills.add(new Prefill.Fill(fill));
    }
    for (Sequence sequence : running) {
      if (sequence.ready() && !assembly.contains(sequence)) {
        prefills.add(new Prefill.Request(sequence));
      }
    }
    if (prefills.isEmpty()) {
      return;
    }
    PrefillBudget budget = prefillBudget();
    prefills.sort(Prefill.order(fairShare));
    for (Prefill prefill : prefills) {
      if (budget.exhausted()) {
        return;
      }
      int count = budget.take(prefill.left(), prefill.held());
      if (count > 0) {
        prefill.add(assembly, count);
      }
    }
  }

  /** Where sequences decode in this step, they are not to wait longer than the target for it. */
  private PrefillBudget prefillBudget() {
    int tokens = settings.tokensPerStep() - assembly.tokenCount();
    Duration target = settings.decodeLatencyTarget();
    StepPlan decodes = target == null ? null : assembly.finish();
    if (target == null || decodes == null) {
      return PrefillBudget.ofTokens(times, tokens);
    }
    return PrefillBudget.beside(StepLoad.of(decodes.step()), times, tokens, target.toNanos());
  }
}
