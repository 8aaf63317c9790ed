package dev.baton.engine.tokenizer;

/**
 * Finds special tokens in a text: a trie over UTF-16 units, walked once from each position.
 *
 * <p>Tokens of two kinds live here. <em>Marked</em> ones are recognised in trusted text only. The
 * others, runs of spaces and the like that a vocabulary defines beside its learnt pieces, are
 * recognised in any text, as the models were trained.
 */
final class SpecialTokens {
  /** A token found: {@code length} is 0 when there is none. */
  record Match(int id, int length) {
    static final Match NONE = new Match(-1, 0);
  }

  private final LongTable edges = new LongTable(); // pair(node, unit) to node; the root is 0
  private final LongTable anywhere = new LongTable(); // node to token id
  private final LongTable marked = new LongTable();
  private final boolean[] firstUnits = new boolean[1 << 16];
  private int nodeCount = 1;

  void add(String text, int id, boolean onlyWhereTrusted) {
    firstUnits[text.charAt(0)] = true;
    int node = 0;
    for (int i = 0; i < text.length(); i++) {
      long edge = LongTable.pair(node, text.charAt(i));
      if (edges.putIfAbsent(edge, nodeCount)) {
        nodeCount++;
      }
      node = (int) edges.get(edge);
    }
    (onlyWhereTrusted ? marked : anywhere).putIfAbsent(node, id);
  }

  /**
   * The longest special token that begins at {@code start}.
   *
   * @param trustedEnd end of the trusted characters that begin at {@code start}; {@code start} when
   *     it is not trusted
   */
  Match longestAt(String text, int start, int trustedEnd) {
    if (!firstUnits[text.charAt(start)]) {
      return Match.NONE;
    }
    long found = LongTable.ABSENT;
    int length = 0;
    long node = 0;
    for (int i = start; i < text.length(); i++) {
      node = edges.get(LongTable.pair((int) node, text.charAt(i)));
      if (node == LongTable.ABSENT) {
        break;
      }
      long id = i < trustedEnd ? marked.get(node) : LongTable.ABSENT;
      if (id == LongTable.ABSENT) {
        id = anywhere.get(node);
      }
      if (id != LongTable.ABSENT) {
        found = id;
        length = i + 1 - start;
      }
    }
    return length == 0 ? Match.NONE : new Match((int) found, length);
  }
}
