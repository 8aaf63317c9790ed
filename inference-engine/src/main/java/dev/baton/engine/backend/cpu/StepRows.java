package dev.baton.engine.backend.cpu;

import dev.baton.engine.backend.Step;
import dev.baton.engine.backend.Step.SequencePart;
import dev.baton.engine.backend.Step.SystemPart;

/**
 * A step laid out row by row, checked: token, position and KV block of each row, and the rows whose
 * logits are wanted. Reused by each step.
 */
final class StepRows {
  private final CpuSettings settings;
  private final int vocabSize;
  private final int contextLength;
  private final int[] tokens; // [row]
  private final int[] positions; // [row]
  private final int[] blocks; // [row]
  private final int[] places; // [row] token's place in its block
  private final int[] logitRows; // [logit row] row of the step
  private int count;
  private int logitCount;

  StepRows(CpuSettings settings, int vocabSize, int contextLength) {
    this.settings = settings;
    this.vocabSize = vocabSize;
    this.contextLength = contextLength;
    tokens = new int[settings.maxRows()];
    positions = new int[settings.maxRows()];
    blocks = new int[settings.maxRows()];
    places = new int[settings.maxRows()];
    logitRows = new int[settings.maxLogitRows()];
  }

  int count() {
    return count;
  }

  int logitCount() {
    return logitCount;
  }

  int token(int row) {
    return tokens[row];
  }

  int position(int row) {
    return positions[row];
  }

  int block(int row) {
    return blocks[row];
  }

  int place(int row) {
    return places[row];
  }

  /** Row of the step of logits row {@code row}. */
  int logitRow(int row) {
    return logitRows[row];
  }

  void prepare(Step step) {
    check(
        step.tokenCount() >= 1 && step.tokenCount() <= settings.maxRows(),
        "a step has 1 to %d rows, found %d",
        settings.maxRows(),
        step.tokenCount());
    check(
        step.logitsCount() <= settings.maxLogitRows(),
        "a step returns logits of up to %d rows, asked for %d",
        settings.maxLogitRows(),
        step.logitsCount());
    count = 0;
    logitCount = 0;
    for (Step.Group group : step.groups()) {
      SystemPart system = group.system();
      int systemTokens = 0;
      if (system != null) {
        systemTokens = system.tokenCount();
        check(systemTokens >= 0, "a system part of %d tokens", systemTokens);
        checkBlocks("system part", system.blocks(), systemTokens);
      }
      for (SequencePart sequence : group.sequences()) {
        add(sequence, systemTokens);
      }
    }
  }

  private void add(SequencePart sequence, int systemTokens) {
    int length = sequence.tokens().length;
    int start = sequence.start();
    int end = Math.addExact(start, length);
    check(start >= 0 && length >= 1, "a sequence of %d tokens from %d", length, start);
    check(
        sequence.logitsFrom() >= 0 && sequence.logitsFrom() <= length,
        "logits from token %d of %d",
        sequence.logitsFrom(),
        length);
    check(
        Math.addExact(systemTokens, end) <= contextLength,
        "positions [0, %d) are served, the sequence ends at %d",
        contextLength,
        systemTokens + end);
    checkBlocks("sequence", sequence.blocks(), end);
    int blockTokens = settings.blockTokens();
    for (int i = 0; i < length; i++) {
      int token = sequence.tokens()[i];
      check(
          token >= 0 && token < vocabSize, "token ids are in [0, %d), found %d", vocabSize, token);
      tokens[count] = token;
      positions[count] = systemTokens + start + i;
      blocks[count] = sequence.blocks()[(start + i) / blockTokens];
      places[count] = (start + i) % blockTokens;
      if (i >= sequence.logitsFrom()) {
        logitRows[logitCount++] = count;
      }
      count++;
    }
  }

  private void checkBlocks(String owner, int[] ids, int tokenCount) {
    int needed = Math.ceilDiv(tokenCount, settings.blockTokens());
    if (ids.length < needed) {
      throw new IllegalArgumentException(
          "%s: %d tokens need %d blocks, found %d"
              .formatted(owner, tokenCount, needed, ids.length));
    }
    for (int i = 0; i < needed; i++) {
      check(
          ids[i] >= 0 && ids[i] < settings.blockCount(),
          "block ids are in [0, %d), found %d",
          settings.blockCount(),
          ids[i]);
    }
  }

  private static void check(boolean holds, String message, int expected) {
    if (!holds) {
      throw new IllegalArgumentException(message.formatted(expected));
    }
  }

  private static void check(boolean holds, String message, int expected, int found) {
    if (!holds) {
      throw new IllegalArgumentException(message.formatted(expected, found));
    }
  }
}
