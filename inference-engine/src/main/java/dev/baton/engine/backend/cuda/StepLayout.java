package dev.baton.engine.backend.cuda;

import dev.baton.cuda.CudaKernels;
import dev.baton.cuda.DeviceBuffer;
import dev.baton.cuda.LinearKernels;
import dev.baton.cuda.RelayKernels;
import dev.baton.engine.backend.Step;
import dev.baton.engine.backend.Step.SequencePart;
import dev.baton.engine.backend.Step.SystemPart;
import dev.baton.engine.backend.cuda.RelayPlanner.GroupRows;
import dev.baton.engine.backend.cuda.RelayPlanner.SequenceRows;
import dev.baton.engine.model.ModelConfig;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * A step as the kernels read it, checked: all that changes from step to step, as int32 in one range
 * of device memory, so that recorded launches stay the same.
 *
 * <pre>
 * [0, rowChunks)                    counts: rows, logit rows, work items
 * [rowChunks, logitChunks)          rows of each run of 64
 * [logitChunks, tokens)             logit rows of each run of 64
 * [tokens, positions) ...           by row: token, position, KV slot; the rows with logits; parts
 * [items, table)                    work items of attention, ten words each
 * [table, end)                      block table that items point into
 * </pre>
 */
final class StepLayout {
  private static final int ALIGNMENT = 64; // ints
  private static final int COUNTS = 3;

  private final int maxRows;
  private final int maxLogitRows;
  private final int blockCount;
  private final int blockTokens;
  private final int vocabSize;
  private final int contextLength;
  private final RelayPlanner planner;

  private final int rowChunks;
  private final int logitChunks;
  private final int tokens;
  private final int positions;
  private final int slots;
  private final int gather;
  private final int partialBase;
  private final int items;
  private final int table;
  private final int end;

  private MemorySegment host = MemorySegment.NULL;
  private int rows;
  private int logitRows;
  private int itemCount;
  private int tableCount;

  /** Blocks that tables may name in all: those of the pool, and of as many groups again. */
  private static int tableCapacity(int blockCount) {
    return Math.multiplyExact(2, blockCount);
  }

  StepLayout(
      CudaLimits limits,
      int blockCount,
      int vocabSize,
      int contextLength,
      RelayPlanner planner,
      int partialCapacity) {
    this.maxRows = limits.maxRows();
    this.maxLogitRows = limits.maxLogitRows();
    this.blockCount = blockCount;
    this.blockTokens = limits.blockTokens();
    this.vocabSize = vocabSize;
    this.contextLength = contextLength;
    this.planner = planner;
    rowChunks = after(0, COUNTS);
    logitChunks = after(rowChunks, Math.ceilDiv(maxRows, LinearKernels.MAX_ROWS));
    tokens = after(logitChunks, Math.ceilDiv(maxLogitRows, LinearKernels.MAX_ROWS));
    positions = after(tokens, maxRows);
    slots = after(positions, maxRows);
    gather = after(slots, maxRows);
    partialBase = after(gather, maxLogitRows);
    items = after(partialBase, maxRows + 1);
    // A row of one part has one item at most, of the others each part has.
    int maxItems = maxRows + partialCapacity;
    table = after(items, Math.multiplyExact(maxItems, RelayKernels.ITEM_INTS));
    end = after(table, tableCapacity(blockCount));
  }

  /**
   * @param blockCount of the KV memory
   * @param positions that a sequence may have
   */
  static StepLayout of(
      ModelConfig config, CudaLimits limits, CudaKernels kernels, int blockCount, int positions) {
    int partials = Activations.partialCapacity(limits.maxRows());
    return new StepLayout(
        limits,
        blockCount,
        config.vocabSize(),
        positions,
        new RelayPlanner(
            config.headsPerKvHead(), config.kvHeadCount(), kernels.relay().blocks(), partials),
        partials);
  }

  private static int after(int at, int count) {
    return Math.ceilDiv(Math.addExact(at, count), ALIGNMENT) * ALIGNMENT;
  }

  long sizeBytes() {
    return (long) end * Integer.BYTES;
  }

  int rows() {
    return rows;
  }

  int logitRows() {
    return logitRows;
  }

  /** Bytes {@code [0, ..)} to bring to the device, before the table. */
  long usedBytes() {
    return (long) (items + itemCount * RelayKernels.ITEM_INTS) * Integer.BYTES;
  }

  long tableOffset() {
    return (long) table * Integer.BYTES;
  }

  long tableBytes() {
    return (long) tableCount * Integer.BYTES;
  }

  /** Ranges of the device's copy. */
  final class OnDevice {
    final DeviceBuffer rowCount;
    final DeviceBuffer logitCount;
    final DeviceBuffer tokenIds;
    final DeviceBuffer rowPositions;
    final DeviceBuffer rowSlots;
    final DeviceBuffer logitGather;
    final RelayKernels.Plan plan;
    private final DeviceBuffer all;

    OnDevice(DeviceBuffer all) {
      this.all = all;
      rowCount = ints(0, 1);
      logitCount = ints(1, 1);
      tokenIds = ints(tokens, maxRows);
      rowPositions = ints(positions, maxRows);
      rowSlots = ints(slots, maxRows);
      logitGather = ints(gather, maxLogitRows);
      plan =
          new RelayKernels.Plan(
              ints(items, table - items),
              ints(2, 1),
              ints(table, end - table),
              ints(partialBase, maxRows + 1));
    }

    /** How many rows the chunk-th run of 64 has. */
    DeviceBuffer rowChunk(int chunk) {
      return ints(rowChunks + chunk, 1);
    }

    DeviceBuffer logitChunk(int chunk) {
      return ints(logitChunks + chunk, 1);
    }

    private DeviceBuffer ints(int at, int count) {
      return all.slice((long) at * Integer.BYTES, (long) count * Integer.BYTES);
    }
  }

  /**
   * Lays out a step.
   *
   * @param target host memory of {@link #sizeBytes}
   * @throws IllegalArgumentException for a step that breaks the contract
   */
  void prepare(Step step, MemorySegment target) {
    host = target;
    require(
        step.tokenCount() >= 1 && step.tokenCount() <= maxRows,
        "a step has 1 to %d rows, found %d",
        maxRows,
        step.tokenCount());
    require(
        step.logitsCount() <= maxLogitRows,
        "a step returns logits of up to %d rows, asked for %d",
        maxLogitRows,
        step.logitsCount());
    rows = 0;
    logitRows = 0;
    tableCount = 0;
    List<GroupRows> groups = new ArrayList<>();
    for (Step.Group group : step.groups()) {
      SystemPart system = group.system();
      int systemTokens = 0;
      int systemBlocks = 0;
      if (system != null) {
        systemTokens = system.tokenCount();
        require(systemTokens >= 0, "a system part of %d tokens from %d", systemTokens, 0);
        systemBlocks = addBlocks("system part", system.blocks(), systemTokens);
      }
      List<SequenceRows> sequences = new ArrayList<>();
      for (SequencePart sequence : group.sequences()) {
        sequences.add(add(sequence, systemTokens));
      }
      groups.add(new GroupRows(systemTokens, systemBlocks, group.relay(), sequences));
    }
    put(0, rows);
    put(1, logitRows);
    putChunks(rowChunks, rows);
    putChunks(logitChunks, logitRows);
    putPlan(planner.plan(groups, rows));
  }

  private SequenceRows add(SequencePart sequence, int systemTokens) {
    int length = sequence.tokens().length;
    int start = sequence.start();
    int last = Math.addExact(start, length);
    require(start >= 0 && length >= 1, "a sequence of %d tokens from %d", length, start);
    require(
        sequence.logitsFrom() >= 0 && sequence.logitsFrom() <= length,
        "logits from token %d of %d",
        sequence.logitsFrom(),
        length);
    require(
        Math.addExact(systemTokens, last) <= contextLength,
        "positions [0, %d) are served, the sequence ends at %d",
        contextLength,
        systemTokens + last);
    int blocks = addBlocks("sequence", sequence.blocks(), last);
    for (int i = 0; i < length; i++) {
      int token = sequence.tokens()[i];
      require(
          token >= 0 && token < vocabSize, "token ids are in [0, %d), found %d", vocabSize, token);
      int at = start + i;
      put(tokens + rows, token);
      put(positions + rows, systemTokens + at);
      put(slots + rows, sequence.blocks()[at / blockTokens] * blockTokens + at % blockTokens);
      if (i >= sequence.logitsFrom()) {
        put(gather + logitRows++, rows);
      }
      rows++;
    }
    return new SequenceRows(length, start, blocks);
  }

  /** Appends the blocks of so many tokens to the block table; returns where they begin. */
  private int addBlocks(String owner, int[] ids, int tokenCount) {
    int needed = Math.ceilDiv(tokenCount, blockTokens);
    if (ids.length < needed) {
      throw new IllegalArgumentException(
          "%s: %d tokens need %d blocks, found %d"
              .formatted(owner, tokenCount, needed, ids.length));
    }
    require(
        needed <= tableCapacity(blockCount) - tableCount,
        "a step names up to %d blocks, this one more than %d",
        tableCapacity(blockCount),
        tableCount);
    int first = tableCount;
    for (int i = 0; i < needed; i++) {
      require(
          ids[i] >= 0 && ids[i] < blockCount,
          "block ids are in [0, %d), found %d",
          blockCount,
          ids[i]);
      put(table + tableCount++, ids[i]);
    }
    return first;
  }

  private void putChunks(int at, int count) {
    for (int done = 0; done < count; done += LinearKernels.MAX_ROWS) {
      put(at + done / LinearKernels.MAX_ROWS, Math.min(LinearKernels.MAX_ROWS, count - done));
    }
  }

  private void putPlan(RelayPlanner.Plan plan) {
    int base = 0;
    for (int row = 0; row < rows; row++) {
      put(partialBase + row, base);
      base += plan.parts()[row] > 1 ? plan.parts()[row] : 0;
    }
    put(partialBase + rows, base);
    itemCount = plan.items().size();
    put(2, itemCount);
    int at = items;
    for (RelayPlanner.Item item : plan.items()) {
      put(at++, item.firstRow());
      put(at++, item.rowCount());
      put(at++, item.part());
      put(at++, item.systemBlocks());
      put(at++, item.systemFrom());
      put(at++, item.systemTo());
      put(at++, item.requestBlocks());
      put(at++, item.requestFrom());
      put(at++, item.requestTo());
      put(at++, item.firstVisible());
    }
  }

  private void put(int at, int value) {
    host.setAtIndex(ValueLayout.JAVA_INT, at, value);
  }

  private static void require(boolean holds, String message, int expected, int found) {
    if (!holds) {
      throw new IllegalArgumentException(message.formatted(expected, found));
    }
  }
}
