package dev.baton.engine.backend;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one forward pass computes: prefill chunks and decode tokens of many sequences, grouped by
 * the system KV they share.
 *
 * <p>Rows (tokens) are numbered in order: group by group, sequence by sequence, token by token.
 */
public record Step(List<Group> groups) {
  public Step {
    groups = List.copyOf(groups);
  }

  public int tokenCount() {
    int count = 0;
    for (Group group : groups) {
      count += group.tokenCount();
    }
    return count;
  }

  public int logitsCount() {
    int count = 0;
    for (Group group : groups) {
      for (SequencePart sequence : group.sequences()) {
        count += sequence.logitsCount();
      }
    }
    return count;
  }

  /**
   * Sequences that share one system KV, or have none.
   *
   * @param system the shared part, or null for ungrouped sequences
   * @param relay compute the system part once for all rows of the group and merge; false computes
   *     it row by row, with the same result
   */
  public record Group(@Nullable SystemPart system, boolean relay, List<SequencePart> sequences) {
    public Group {
      sequences = List.copyOf(sequences);
    }

    public int tokenCount() {
      int count = 0;
      for (SequencePart sequence : sequences) {
        count += sequence.tokens().length;
      }
      return count;
    }
  }

  /**
   * A system KV as a step reads it.
   *
   * @param blocks block ids, in order of position
   * @param tokenCount tokens held, positions [0, tokenCount)
   */
  public record SystemPart(int[] blocks, int tokenCount) {}

  /**
   * The tokens of one sequence in this step.
   *
   * @param tokens ids to compute, at request positions [start, start + tokens.length); the absolute
   *     position of token i is {@code system.tokenCount + start + i}
   * @param start tokens that the request KV holds already
   * @param blocks block ids of the request KV, enough for start + tokens.length tokens
   * @param logitsFrom index of the first token whose logits are wanted, through the last;
   *     tokens.length for none
   */
  public record SequencePart(int[] tokens, int start, int[] blocks, int logitsFrom) {
    public int logitsCount() {
      return tokens.length - logitsFrom;
    }
  }
}
