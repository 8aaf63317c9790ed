package dev.baton.engine.tokenizer;

import java.nio.charset.StandardCharsets;

/**
 * Byte-level BPE as GPT-2 introduced it: the text is cut into words by a {@link PreTokenizer}, each
 * word's UTF-8 bytes merge in the order of the merge list.
 *
 * <p>Symbols are token ids, or {@code vocabSize + byte} for bytes without a token of their own.
 * Such a byte becomes the unknown token if there is one, else it is left out: vocabularies that
 * lack bytes lack those that were never seen in training.
 */
public final class ByteLevelBpeTokenizer implements Tokenizer {
  private final Vocabulary vocabulary;
  private final PreTokenizer preTokenizer;
  private final int[] byteSymbols = new int[256];
  private final LongTable merges = new LongTable();

  ByteLevelBpeTokenizer(TokenizerSpec spec, Vocabulary vocabulary) {
    this.vocabulary = vocabulary;
    preTokenizer = PreTokenizer.named(spec.preTokenizer());
    for (int value = 0; value < 256; value++) {
      Integer id = vocabulary.idOf(String.valueOf(ByteCharacters.of(value)));
      byteSymbols[value] = id != null && vocabulary.isText(id) ? id : vocabulary.size() + value;
    }
    String[] lines = spec.merges();
    if (lines == null) {
      throw Vocabulary.invalid("merges", "is missing");
    }
    for (int rank = 0; rank < lines.length; rank++) {
      addMerge(lines[rank], rank);
    }
  }

  private void addMerge(String line, int rank) {
    // From 1: the left part may begin with a space itself, in files that do not map bytes.
    int space = line.indexOf(' ', 1);
    if (space < 0 || space == line.length() - 1) {
      throw Vocabulary.invalid("merges", "has \"%s\" at %d, not a pair".formatted(line, rank));
    }
    String left = line.substring(0, space);
    String right = line.substring(space + 1);
    int merged = symbol(left + right, line, rank);
    int leftSymbol = symbol(left, line, rank);
    int rightSymbol = symbol(right, line, rank);
    // Merging must not lead to a control token: anybody's text could.
    if (vocabulary.isText(merged)) {
      merges.putIfAbsent(LongTable.pair(leftSymbol, rightSymbol), LongTable.pair(rank, merged));
    }
  }

  private int symbol(String piece, String line, int rank) {
    Integer id = vocabulary.idOf(piece);
    if (id != null) {
      return id;
    }
    int value = piece.length() == 1 ? ByteCharacters.byteOf(piece.charAt(0)) : -1;
    if (value < 0) {
      throw Vocabulary.invalid(
          "merges", "has \"%s\" at %d, but \"%s\" is not a token".formatted(line, rank, piece));
    }
    return byteSymbols[value];
  }

  @Override
  public Vocabulary vocabulary() {
    return vocabulary;
  }

  @Override
  public boolean addsSpacePrefix() {
    return false;
  }

  @Override
  public int[] encode(MarkedText marked) {
    String text = Utf8.wellFormed(marked.text());
    Encoding encoding = new Encoding(text);
    Fragments.of(text, marked, vocabulary.specialTokens(), encoding);
    return encoding.ids.toArray();
  }

  /** One text on its way to ids. */
  private final class Encoding implements Fragments.Receiver {
    private final String text;
    private final IntList ids = new IntList();
    private final IntList word = new IntList();
    private final StringBuilder letters = new StringBuilder();
    private final byte[] bytes = new byte[4];
    private final SymbolMerger merger = new SymbolMerger(merges);

    Encoding(String text) {
      this.text = text;
    }

    @Override
    public void special(int id) {
      ids.add(id);
    }

    @Override
    public void text(int start, int end) {
      IntList ends = preTokenizer.wordEnds(text, start, end);
      int from = start;
      for (int i = 0; i < ends.size(); i++) {
        word(from, ends.get(i));
        from = ends.get(i);
      }
    }

    private void word(int start, int end) {
      word.clear();
      letters.setLength(0);
      for (int i = start; i < end; ) {
        int codePoint = text.codePointAt(i);
        i += Character.charCount(codePoint);
        int length = Utf8.encode(codePoint, bytes);
        for (int b = 0; b < length; b++) {
          int value = bytes[b] & 0xFF;
          word.add(byteSymbols[value]);
          if (preTokenizer.ignoresMerges()) {
            letters.append(ByteCharacters.of(value));
          }
        }
      }
      if (preTokenizer.ignoresMerges()) {
        Integer whole = vocabulary.idOf(letters.toString());
        if (whole != null && vocabulary.isText(whole)) {
          ids.add(whole);
          return;
        }
      }
      int count = merger.merge(word.array(), 0, word.size());
      for (int i = 0; i < count; i++) {
        add(word.get(i));
      }
    }

    private void add(int symbol) {
      if (symbol < vocabulary.size()) {
        ids.add(symbol);
        return;
      }
      Integer unknownId = vocabulary.unknownId();
      if (unknownId != null) {
        ids.add(unknownId);
      }
    }
  }

  @Override
  public byte[] bytes(int id) {
    String piece = vocabulary.piece(id);
    return switch (vocabulary.type(id)) {
      case CONTROL -> new byte[0];
      case UNKNOWN -> "\uFFFD".getBytes(StandardCharsets.UTF_8);
      case USER_DEFINED -> piece.getBytes(StandardCharsets.UTF_8);
      case UNDEFINED, NORMAL, UNUSED, BYTE -> mappedBytes(piece);
    };
  }

  /** The bytes of a learnt piece; one that is not written in byte characters stands for itself. */
  private static byte[] mappedBytes(String piece) {
    byte[] bytes = new byte[piece.length()];
    for (int i = 0; i < bytes.length; i++) {
      int value = ByteCharacters.byteOf(piece.charAt(i));
      if (value < 0) {
        return piece.getBytes(StandardCharsets.UTF_8);
      }
      bytes[i] = (byte) value;
    }
    return bytes;
  }

  @Override
  public String toString() {
    return "ByteLevelBpeTokenizer[" + preTokenizer + ", " + vocabulary.size() + " tokens]";
  }
}
