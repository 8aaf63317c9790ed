package dev.baton.engine.bench;

import dev.baton.engine.backend.Step;
import dev.baton.engine.backend.Step.Group;
import dev.baton.engine.backend.Step.SequencePart;
import dev.baton.engine.backend.Step.SystemPart;
import dev.baton.engine.backend.cpu.CpuBackend;
import dev.baton.engine.backend.cpu.CpuSettings;
import dev.baton.engine.scheduler.RelayMode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * Sequences of several tenants on a backend's KV memory: each tenant has a system prompt of equal
 * length, its sequences own blocks behind it. Keys and values that nobody computes are random.
 */
final class ForwardBatch {
  private static final int BLOCK = CpuSettings.DEFAULT_BLOCK_TOKENS;

  private final CpuBackend backend;
  private final int vocabSize;
  private final int systemTokens;
  private final Random random;
  private final List<int[]> systems = new ArrayList<>(); // [tenant] blocks
  private final List<List<int[]>> requests = new ArrayList<>(); // [tenant][sequence] blocks

  /**
   * @param systemTokens of each tenant; 0 for none
   * @param sequences of all tenants together, divided among them as evenly as possible
   * @param tokensPerSequence own tokens that each sequence has blocks for
   */
  ForwardBatch(
      CpuBackend backend,
      int vocabSize,
      int systemTokens,
      int tenants,
      int sequences,
      int tokensPerSequence,
      long seed) {
    this.backend = backend;
    this.vocabSize = vocabSize;
    this.systemTokens = systemTokens;
    this.random = new Random(seed);
    int used = 0;
    for (int tenant = 0; tenant < tenants; tenant++) {
      int[] system = blocks(used, systemTokens);
      used += system.length;
      systems.add(system);
      int own = sequences * (tenant + 1) / tenants - sequences * tenant / tenants;
      List<int[]> sequenceBlocks = new ArrayList<>();
      for (int i = 0; i < own; i++) {
        int[] blocks = blocks(used, tokensPerSequence);
        used += blocks.length;
        sequenceBlocks.add(blocks);
      }
      requests.add(sequenceBlocks);
    }
    backend.fillRandomly(blocks(0, used * BLOCK), seed);
  }

  static int blocksNeeded(int systemTokens, int tenants, int sequences, int tokensPerSequence) {
    return tenants * Math.ceilDiv(systemTokens, BLOCK)
        + sequences * Math.ceilDiv(tokensPerSequence, BLOCK);
  }

  private static int[] blocks(int from, int tokens) {
    int[] blocks = new int[Math.ceilDiv(tokens, BLOCK)];
    Arrays.setAll(blocks, i -> from + i);
    return blocks;
  }

  /**
   * Every sequence computes as many tokens behind what it holds.
   *
   * @param held own tokens of each sequence before the step
   * @param tokens new tokens of each sequence; the logits of the last one are computed where asked
   */
  Step step(int held, int tokens, boolean logits, RelayMode relay) {
    List<Group> groups = new ArrayList<>();
    for (int tenant = 0; tenant < systems.size(); tenant++) {
      List<SequencePart> parts = new ArrayList<>();
      for (int[] blocks : requests.get(tenant)) {
        int[] ids = random.ints(tokens, 0, vocabSize).toArray();
        parts.add(new SequencePart(ids, held, blocks, logits ? tokens - 1 : tokens));
      }
      if (!parts.isEmpty()) {
        SystemPart system =
            systemTokens == 0 ? null : new SystemPart(systems.get(tenant), systemTokens);
        groups.add(new Group(system, relays(system, parts, relay), parts));
      }
    }
    return new Step(groups);
  }

  private boolean relays(@Nullable SystemPart system, List<SequencePart> parts, RelayMode relay) {
    return system != null
        && switch (relay) {
          case ON -> true;
          case OFF -> false;
          case AUTO ->
              backend
                  .relayCostModel()
                  .relayPays(
                      parts.size(),
                      parts.stream().mapToInt(part -> part.tokens().length).sum(),
                      systemTokens);
        };
  }
}
