package dev.baton.engine.scheduler;

import dev.baton.engine.attention.RelayCostModel;
import dev.baton.engine.backend.Step;
import dev.baton.engine.kvcache.SystemKv;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Puts the parts of a step together: tenant groups in the order in which their system KVs were
 * made, one group for each shared length, then what has no group; in a group, oldest first. A group
 * keeps its place among the others for as long as it lives.
 */
final class StepAssembly {
  private static final Comparator<StepPlan.Part> ORDER =
      Comparator.comparingLong(StepAssembly::groupNumber)
          .thenComparingInt(StepAssembly::sharedTokens)
          .thenComparingInt(part -> part instanceof StepPlan.FillPart ? 1 : 0)
          .thenComparingLong(StepAssembly::number);

  private final RelayMode relayMode;
  private final RelayCostModel costModel;

  private final List<StepPlan.Part> parts = new ArrayList<>();
  private int tokenCount;

  private long steps;
  private int lastSequences;
  private int lastGroups;
  private long prefillTokens;
  private long decodeTokens;
  private long relayedTokens;
  private long plainTokens;
  private long systemKvTokensSaved;

  StepAssembly(RelayMode relayMode, RelayCostModel costModel) {
    this.relayMode = relayMode;
    this.costModel = costModel;
  }

  void begin() {
    parts.clear();
    tokenCount = 0;
  }

  /** Tokens of the step so far. */
  int tokenCount() {
    return tokenCount;
  }

  void add(Sequence sequence, int tokens) {
    parts.add(new StepPlan.RequestPart(sequence, tokens, tokens == sequence.pendingTokens()));
    tokenCount += tokens;
  }

  void add(SystemKv fill, int tokens) {
    parts.add(new StepPlan.FillPart(fill, tokens));
    tokenCount += tokens;
  }

  boolean contains(Sequence sequence) {
    for (StepPlan.Part part : parts) {
      if (part instanceof StepPlan.RequestPart request && request.sequence() == sequence) {
        return true;
      }
    }
    return false;
  }

  @Nullable StepPlan finish() {
    if (parts.isEmpty()) {
      return null;
    }
    parts.sort(ORDER);
    List<Step.Group> groups = new ArrayList<>();
    int from = 0;
    while (from < parts.size()) {
      int to = from + 1;
      while (to < parts.size() && sameGroup(parts.get(from), parts.get(to))) {
        to++;
      }
      groups.add(group(parts.subList(from, to)));
      from = to;
    }
    return new StepPlan(new Step(groups), List.copyOf(parts));
  }

  private Step.Group group(List<StepPlan.Part> members) {
    List<Step.SequencePart> sequences = new ArrayList<>(members.size());
    int rows = 0;
    for (StepPlan.Part part : members) {
      sequences.add(sequencePart(part));
      rows += part.tokenCount();
    }
    SystemKv systemKv = systemKv(members.getFirst());
    if (systemKv == null) {
      return new Step.Group(null, false, sequences);
    }
    int shared = sharedTokens(members.getFirst());
    boolean relay =
        switch (relayMode) {
          case ON -> true;
          case OFF -> false;
          case AUTO -> costModel.relayPays(sequences.size(), rows, shared);
        };
    return new Step.Group(systemKv.part(shared), relay, sequences);
  }

  private static Step.SequencePart sequencePart(StepPlan.Part part) {
    return switch (part) {
      case StepPlan.RequestPart request -> {
        Sequence sequence = request.sequence();
        int computed = sequence.computedTokens();
        int count = request.tokenCount();
        yield new Step.SequencePart(
            Arrays.copyOfRange(sequence.tokens(), computed, computed + count),
            computed - sequence.sharedTokens(),
            sequence.table().blocks(),
            request.sampled() ? count - 1 : count);
      }
      case StepPlan.FillPart fill -> {
        SystemKv systemKv = fill.systemKv();
        int filled = systemKv.filledTokens();
        int count = fill.tokenCount();
        yield new Step.SequencePart(
            Arrays.copyOfRange(systemKv.tokens().ids(), filled, filled + count),
            filled,
            systemKv.table().blocks(),
            count);
      }
    };
  }

  private static boolean sameGroup(StepPlan.Part a, StepPlan.Part b) {
    return groupNumber(a) == groupNumber(b) && sharedTokens(a) == sharedTokens(b);
  }

  private static @Nullable SystemKv systemKv(StepPlan.Part part) {
    return sharedTokens(part) > 0 && part instanceof StepPlan.RequestPart request
        ? request.sequence().systemKv()
        : null;
  }

  private static long groupNumber(StepPlan.Part part) {
    SystemKv systemKv = systemKv(part);
    return systemKv == null ? Long.MAX_VALUE : systemKv.number();
  }

  private static int sharedTokens(StepPlan.Part part) {
    return part instanceof StepPlan.RequestPart request ? request.sequence().sharedTokens() : 0;
  }

  private static long number(StepPlan.Part part) {
    return switch (part) {
      case StepPlan.RequestPart request -> request.sequence().number();
      case StepPlan.FillPart fill -> fill.systemKv().number();
    };
  }

  /** Counts a computed step. */
  void completed(StepPlan plan) {
    steps++;
    lastSequences = plan.parts().size();
    lastGroups = 0;
    for (StepPlan.Part part : plan.parts()) {
      if (part instanceof StepPlan.RequestPart request
          && request.tokenCount() == 1
          && request.sequence().length() > request.sequence().promptTokens()) {
        decodeTokens++;
      } else {
        prefillTokens += part.tokenCount();
      }
    }
    for (Step.Group group : plan.step().groups()) {
      if (group.system() != null) {
        lastGroups++;
        if (group.relay()) {
          relayedTokens += group.tokenCount();
          systemKvTokensSaved +=
              (long) (group.sequences().size() - 1) * group.system().tokenCount();
        } else {
          plainTokens += group.tokenCount();
        }
      }
    }
  }

  StepCounts counts(long preemptions) {
    return new StepCounts(
        steps,
        lastSequences,
        lastGroups,
        prefillTokens,
        decodeTokens,
        relayedTokens,
        plainTokens,
        systemKvTokensSaved,
        preemptions);
  }
}
