package dev.baton.admin.systemprompt;

import com.github.difflib.algorithm.myers.MyersDiffWithLinearSpace;
import com.github.difflib.patch.AbstractDelta;
import com.github.difflib.patch.Chunk;
import com.github.difflib.patch.Patch;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What differs between two prompts, by lines.
 *
 * @param hunks changed places with their surroundings, from the top
 * @param added lines that only the new prompt has
 * @param removed lines that only the old prompt has
 */
record PromptDiff(List<Hunk> hunks, int added, int removed) {
  private static final int CONTEXT_LINES = 3;

  /** Between longer texts the comparison could take minutes: their middles count as replaced. */
  private static final int MAX_COMPARED_LINES = 5000;

  /** Whether a line is in both prompts or in one. */
  enum Kind {
    CONTEXT,
    REMOVED,
    ADDED
  }

  /** A line; its number, from 1, in each prompt that has it. */
  record Line(Kind kind, String text, @Nullable Integer oldLine, @Nullable Integer newLine) {}

  /** A changed place; the numbers of its first lines, from 1. */
  record Hunk(int oldStart, int newStart, List<Line> lines) {}

  /** Lines [oldFrom, oldTo) became lines [newFrom, newTo), from 0. */
  private record Change(int oldFrom, int oldTo, int newFrom, int newTo) {}

  static PromptDiff between(String oldText, String newText) {
    List<String> before = oldText.lines().toList();
    List<String> after = newText.lines().toList();
    List<Change> changes = changes(before, after);
    List<Hunk> hunks = new ArrayList<>();
    int next = 0;
    while (next < changes.size()) {
      int first = next++;
      while (next < changes.size()
          && changes.get(next).oldFrom() - changes.get(next - 1).oldTo() <= 2 * CONTEXT_LINES) {
        next++;
      }
      hunks.add(hunk(before, after, changes.subList(first, next)));
    }
    return new PromptDiff(
        List.copyOf(hunks),
        changes.stream().mapToInt(change -> change.newTo() - change.newFrom()).sum(),
        changes.stream().mapToInt(change -> change.oldTo() - change.oldFrom()).sum());
  }

  private static List<Change> changes(List<String> before, List<String> after) {
    int shorter = Math.min(before.size(), after.size());
    int head = 0;
    while (head < shorter && before.get(head).equals(after.get(head))) {
      head++;
    }
    int tail = 0;
    while (tail < shorter - head
        && before.get(before.size() - 1 - tail).equals(after.get(after.size() - 1 - tail))) {
      tail++;
    }
    int oldEnd = before.size() - tail;
    int newEnd = after.size() - tail;
    if (head == oldEnd && head == newEnd) {
      return List.of();
    }
    if (oldEnd - head > MAX_COMPARED_LINES || newEnd - head > MAX_COMPARED_LINES) {
      return List.of(new Change(head, oldEnd, head, newEnd));
    }
    List<String> oldMiddle = before.subList(head, oldEnd);
    List<String> newMiddle = after.subList(head, newEnd);
    Patch<String> patch =
        Patch.generate(
            oldMiddle,
            newMiddle,
            new MyersDiffWithLinearSpace<String>().computeDiff(oldMiddle, newMiddle, null));
    List<Change> changes = new ArrayList<>();
    for (AbstractDelta<String> delta : patch.getDeltas()) {
      Chunk<String> old = delta.getSource();
      Chunk<String> fresh = delta.getTarget();
      add(
          changes,
          new Change(
              head + old.getPosition(),
              head + old.getPosition() + old.size(),
              head + fresh.getPosition(),
              head + fresh.getPosition() + fresh.size()));
    }
    return changes;
  }

  /** A change that begins where the one before ends is the same one. */
  private static void add(List<Change> changes, Change next) {
    Change last = changes.isEmpty() ? null : changes.getLast();
    if (last != null && last.oldTo() == next.oldFrom() && last.newTo() == next.newFrom()) {
      changes.removeLast();
      changes.add(new Change(last.oldFrom(), next.oldTo(), last.newFrom(), next.newTo()));
    } else {
      changes.add(next);
    }
  }

  private static Hunk hunk(List<String> before, List<String> after, List<Change> changes) {
    Change first = changes.getFirst();
    Change last = changes.getLast();
    int lead = Math.min(CONTEXT_LINES, first.oldFrom());
    int oldLine = first.oldFrom() - lead;
    int newLine = first.newFrom() - lead;
    Hunk hunk = new Hunk(oldLine + 1, newLine + 1, new ArrayList<>());
    int end = Math.min(before.size(), last.oldTo() + CONTEXT_LINES);
    for (Change change : changes) {
      newLine = context(hunk, before, oldLine, change.oldFrom(), newLine);
      for (oldLine = change.oldFrom(); oldLine < change.oldTo(); oldLine++) {
        hunk.lines().add(new Line(Kind.REMOVED, before.get(oldLine), oldLine + 1, null));
      }
      for (newLine = change.newFrom(); newLine < change.newTo(); newLine++) {
        hunk.lines().add(new Line(Kind.ADDED, after.get(newLine), null, newLine + 1));
      }
    }
    context(hunk, before, oldLine, end, newLine);
    return hunk;
  }

  /** Adds lines [from, to) of the old prompt, which the new one has too; returns the new line. */
  private static int context(Hunk hunk, List<String> before, int from, int to, int newLine) {
    for (int line = from; line < to; line++) {
      hunk.lines().add(new Line(Kind.CONTEXT, before.get(line), line + 1, ++newLine));
    }
    return newLine;
  }
}
