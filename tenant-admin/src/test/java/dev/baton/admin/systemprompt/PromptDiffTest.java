package dev.baton.admin.systemprompt;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.admin.systemprompt.PromptDiff.Kind;
import dev.baton.admin.systemprompt.PromptDiff.Line;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PromptDiffTest {

  @Test
  void equalTextsHaveNoHunks() {
    assertThat(PromptDiff.between("a\nb\n", "a\nb\n")).isEqualTo(new PromptDiff(List.of(), 0, 0));
  }

  @Test
  void aChangedLineStandsBetweenItsSurroundings() {
    String before = numbered(1, 20);
    PromptDiff diff = PromptDiff.between(before, before.replace("line 10\n", "line X\nline Y\n"));
    assertThat(diff.hunks()).hasSize(1);
    PromptDiff.Hunk hunk = diff.hunks().getFirst();
    assertThat(hunk.oldStart()).isEqualTo(7);
    assertThat(hunk.lines())
        .containsExactly(
            new Line(Kind.CONTEXT, "line 7", 7, 7),
            new Line(Kind.CONTEXT, "line 8", 8, 8),
            new Line(Kind.CONTEXT, "line 9", 9, 9),
            new Line(Kind.REMOVED, "line 10", 10, null),
            new Line(Kind.ADDED, "line X", null, 10),
            new Line(Kind.ADDED, "line Y", null, 11),
            new Line(Kind.CONTEXT, "line 11", 11, 12),
            new Line(Kind.CONTEXT, "line 12", 12, 13),
            new Line(Kind.CONTEXT, "line 13", 13, 14));
    assertThat(diff.added()).isEqualTo(2);
    assertThat(diff.removed()).isEqualTo(1);
  }

  @Test
  void distantChangesAreApart() {
    String before = numbered(1, 40);
    String after = before.replace("line 2\n", "").replace("line 39\n", "line 39!\n");
    assertThat(PromptDiff.between(before, after).hunks()).hasSize(2);
  }

  @Test
  void theHunksMakeTheNewTextOfTheOldOne() {
    Random random = new Random(11);
    for (int round = 0; round < 300; round++) {
      List<String> before = lines(random);
      List<String> after = lines(random);
      PromptDiff diff = PromptDiff.between(String.join("\n", before), String.join("\n", after));
      assertThat(applied(before, diff)).isEqualTo(after);
    }
  }

  @Test
  void longTextsWithoutAnythingInCommonAreReplacedAsAWhole() {
    PromptDiff diff = PromptDiff.between(numbered(0, 60_000), numbered(100_000, 160_000));
    assertThat(diff.hunks()).hasSize(1);
    assertThat(diff.removed()).isEqualTo(60_001);
  }

  private static List<String> lines(Random random) {
    return IntStream.range(0, 1 + random.nextInt(30))
        .mapToObj(i -> "word " + random.nextInt(4))
        .toList();
  }

  private static List<String> applied(List<String> before, PromptDiff diff) {
    List<String> result = new ArrayList<>();
    int old = 0;
    for (PromptDiff.Hunk hunk : diff.hunks()) {
      while (old < hunk.oldStart() - 1) {
        result.add(before.get(old++));
      }
      assertThat(result).hasSize(hunk.newStart() - 1);
      for (Line line : hunk.lines()) {
        if (line.kind() != Kind.ADDED) {
          assertThat(line.text()).isEqualTo(before.get(old++));
        }
        if (line.kind() != Kind.REMOVED) {
          result.add(line.text());
        }
      }
    }
    result.addAll(before.subList(old, before.size()));
    return result;
  }

  private static String numbered(int from, int to) {
    return IntStream.rangeClosed(from, to)
        .mapToObj(i -> "line " + i + "\n")
        .collect(Collectors.joining());
  }
}
