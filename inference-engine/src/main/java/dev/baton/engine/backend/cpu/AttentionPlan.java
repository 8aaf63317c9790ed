package dev.baton.engine.backend.cpu;

import dev.baton.engine.backend.Step;
import dev.baton.engine.backend.Step.SequencePart;
import dev.baton.engine.backend.Step.SystemPart;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * How the attention of a step is divided: made once per step, used by each of its layers.
 *
 * <ul>
 *   <li>A relayed group: one system part with the rows of all its sequences, and one request part
 *       per sequence; partial results are merged.
 *   <li>Any other sequence: one part that walks the system's keys, then its own.
 *   <li>Rows beyond what one kernel call takes go to further parts; a part that would keep one
 *       worker busy while the others have nothing left is split along its keys.
 * </ul>
 */
final class AttentionPlan {
  /** Splits of one range of keys; more would not pay for their merge. */
  private static final int MAX_SPLITS = 16;

  /** Partial results of a row: those of the system's and of the request's splits. */
  static final int MAX_PARTIALS = 2 * MAX_SPLITS;

  /** A shorter split costs more to merge than it saves. */
  private static final int MIN_SPLIT_TOKENS = 256;

  /** Items per worker that let the last ones to finish wait little. */
  private static final int ITEMS_PER_WORKER = 3;

  private final int threads;
  private final int kvHeadCount;
  private final int maxTokens;
  private final int splitAlignment;
  private final int partialCapacity;

  private final List<AttentionPart> parts = new ArrayList<>();
  private final int[] partialCounts; // [row]
  private final int[] partialRows; // [row][MAX_PARTIALS]
  private int partialsUsed;
  private double costTarget;

  /**
   * @param partialCapacity rows of partial results there is room for, at least 2 maxRows
   * @param splitAlignment tokens that splits begin at multiples of
   */
  AttentionPlan(
      int threads,
      int kvHeadCount,
      int headsPerKvHead,
      int maxRows,
      int partialCapacity,
      int splitAlignment) {
    this.threads = threads;
    this.kvHeadCount = kvHeadCount;
    this.maxTokens = HeadAttention.maxTokens(headsPerKvHead);
    this.partialCapacity = partialCapacity;
    this.splitAlignment = splitAlignment;
    partialCounts = new int[maxRows];
    partialRows = new int[maxRows * MAX_PARTIALS];
  }

  /** Parts, the dearest first, so that the last ones to run are short. */
  List<AttentionPart> parts() {
    return parts;
  }

  /** Partial results of a row; 0 when one part writes it whole. */
  int partialCount(int row) {
    return partialCounts[row];
  }

  int partialRow(int row, int partial) {
    return partialRows[row * MAX_PARTIALS + partial];
  }

  void prepare(Step step) {
    parts.clear();
    partialsUsed = 0;
    int rows = step.tokenCount();
    Arrays.fill(partialCounts, 0, rows, 0);
    costTarget =
        threads == 1 ? Double.MAX_VALUE : cost(step) / (double) (threads * ITEMS_PER_WORKER);
    int unplannedRows = rows; // each may still need two partial results
    int row = 0;
    for (Step.Group group : step.groups()) {
      SystemPart system = group.system();
      int groupRows = group.tokenCount();
      unplannedRows -= groupRows;
      int spare = partialCapacity - 2 * (unplannedRows + groupRows);
      if (system != null && group.relay() && system.tokenCount() > 0) {
        add(row, groupRows, List.of(systemRange(system)), false, spare);
        for (SequencePart sequence : group.sequences()) {
          int count = sequence.tokens().length;
          add(row, count, List.of(requestRange(sequence)), false, spare);
          row += count;
        }
      } else {
        for (SequencePart sequence : group.sequences()) {
          int count = sequence.tokens().length;
          List<KvRange> ranges =
              system == null || system.tokenCount() == 0
                  ? List.of(requestRange(sequence))
                  : List.of(systemRange(system), requestRange(sequence));
          add(row, count, ranges, true, spare);
          row += count;
        }
      }
    }
    parts.sort(Comparator.comparingLong(AttentionPart::cost).reversed());
  }

  private static KvRange systemRange(SystemPart system) {
    return new KvRange(system.blocks(), 0, system.tokenCount(), KvRange.ALL);
  }

  private static KvRange requestRange(SequencePart sequence) {
    int end = sequence.start() + sequence.tokens().length;
    return new KvRange(sequence.blocks(), 0, end, sequence.start() + 1);
  }

  /** Adds parts for rows [firstRow, firstRow + rowCount), as many as rows and balance demand. */
  private void add(int firstRow, int rowCount, List<KvRange> ranges, boolean whole, int spare) {
    for (int done = 0; done < rowCount; done += maxTokens) {
      int count = Math.min(maxTokens, rowCount - done);
      List<KvRange> own = new ArrayList<>();
      for (KvRange range : ranges) {
        own.add(afterRows(range, done, count));
      }
      int splits = splits(new AttentionPart(firstRow + done, count, own, 0), spare);
      if (splits == 1) {
        addPart(firstRow + done, count, own, whole);
      } else {
        for (KvRange range : own) {
          addSplits(firstRow + done, count, range, splits);
        }
      }
    }
  }

  private static KvRange afterRows(KvRange range, int rows, int count) {
    if (range.firstVisible() == KvRange.ALL) {
      return range;
    }
    int firstVisible = range.firstVisible() + rows;
    return new KvRange(range.blocks(), range.from(), firstVisible + count - 1, firstVisible);
  }

  private int splits(AttentionPart part, int spare) {
    long cost = part.cost();
    if (cost <= costTarget) {
      return 1;
    }
    long longest = 0;
    for (KvRange range : part.ranges()) {
      longest = Math.max(longest, range.length());
    }
    int wanted = (int) Math.min(MAX_SPLITS, Math.ceil(cost / costTarget));
    int useful = (int) Math.min(wanted, longest / MIN_SPLIT_TOKENS);
    int room = (spare - partialsUsed) / Math.max(1, 2 * part.rowCount());
    return Math.max(1, Math.min(useful, room));
  }

  private void addSplits(int firstRow, int count, KvRange range, int splits) {
    int tokens =
        Lanes.roundUp(
            Math.max(Math.ceilDiv(range.length(), splits), MIN_SPLIT_TOKENS), splitAlignment);
    for (int from = range.from(); from < range.to(); from += tokens) {
      int to = Math.min(range.to(), from + tokens);
      addPart(
          firstRow,
          count,
          List.of(new KvRange(range.blocks(), from, to, range.firstVisible())),
          false);
    }
  }

  private void addPart(int firstRow, int count, List<KvRange> ranges, boolean whole) {
    if (whole) {
      parts.add(new AttentionPart(firstRow, count, ranges, AttentionPart.WHOLE));
      return;
    }
    for (int row = firstRow; row < firstRow + count; row++) {
      partialRows[row * MAX_PARTIALS + partialCounts[row]++] = partialsUsed + row - firstRow;
    }
    parts.add(new AttentionPart(firstRow, count, ranges, partialsUsed));
    partialsUsed += count;
  }

  /** Cost of a whole step over all KV heads, in the unit of {@link AttentionPart#cost}. */
  private long cost(Step step) {
    long cost = 0;
    for (Step.Group group : step.groups()) {
      SystemPart system = group.system();
      for (SequencePart sequence : group.sequences()) {
        long keys = sequence.start() + (long) sequence.tokens().length;
        keys += system == null ? 0 : system.tokenCount();
        cost += keys * sequence.tokens().length;
      }
    }
    return cost * kvHeadCount;
  }
}
