package dev.baton.engine.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SymbolMergerTest {

  @Test
  void mergesAsTheDefinitionSaysWithFewRanksAndManyTies() {
    Random random = new Random(12);
    for (int round = 0; round < 3_000; round++) {
      int letters = 2 + random.nextInt(3);
      LongTable merges = new LongTable();
      int symbols = letters;
      for (int i = random.nextInt(12); i > 0; i--) {
        long pair = LongTable.pair(random.nextInt(symbols), random.nextInt(symbols));
        int merged = random.nextInt(3) == 0 ? random.nextInt(symbols) : symbols;
        if (merges.putIfAbsent(pair, LongTable.pair(random.nextInt(4), merged))) {
          symbols = Math.max(symbols, merged + 1);
        }
      }
      int[] text = random.ints(random.nextInt(200), 0, letters).toArray();
      int[] merging = text.clone();
      int end = new SymbolMerger(merges).merge(merging, 0, merging.length);
      assertThat(Arrays.copyOf(merging, end)).isEqualTo(naively(text, merges));
    }
  }

  /** Again and again the pair of the lowest rank, the leftmost of equals. */
  private static int[] naively(int[] text, LongTable merges) {
    List<Integer> symbols = new ArrayList<>(Arrays.stream(text).boxed().toList());
    while (true) {
      int best = -1;
      long bestMerge = Long.MAX_VALUE;
      for (int i = 0; i + 1 < symbols.size(); i++) {
        long merge = merges.get(LongTable.pair(symbols.get(i), symbols.get(i + 1)));
        if (merge != LongTable.ABSENT && merge >>> 32 < bestMerge >>> 32) {
          best = i;
          bestMerge = merge;
        }
      }
      if (best < 0) {
        return symbols.stream().mapToInt(Integer::intValue).toArray();
      }
      symbols.set(best, (int) bestMerge);
      symbols.subList(best + 1, best + 2).clear();
    }
  }
}
