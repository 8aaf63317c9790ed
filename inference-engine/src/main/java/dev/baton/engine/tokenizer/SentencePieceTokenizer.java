package dev.baton.engine.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * SentencePiece's BPE (Kudo and Richardson, arXiv:1808.06226) as GGUF stores it: characters merge
 * to the neighbouring pair that makes the token of the highest score, the leftmost of equals, until
 * nothing merges. Spaces are U+2581. A character without a token becomes its UTF-8 bytes, each a
 * token of its own ({@code <0x0A>}), or the unknown token in vocabularies without those.
 *
 * <p>Symbols are token ids, or, for characters that occur only inside longer tokens, numbers from
 * the vocabulary's size on. Two neighbouring characters that no token holds side by side can never
 * be merged across, so the text is cut there first: exact, and it keeps the merged runs as short as
 * words.
 */
public final class SentencePieceTokenizer implements Tokenizer {
  private static final int SPACE = '\u2581';
  private static final Pattern BYTE_PIECE = Pattern.compile("<0x[0-9A-F]{2}>");

  private final Vocabulary vocabulary;
  private final boolean addsSpacePrefix;
  private final int[] byteIds = new int[256];
  private final LongTable symbols = new LongTable(); // code point to symbol
  private final LongTable neighbours = new LongTable(); // pair of code points inside a token
  private final LongTable merges = new LongTable();
  private final IntList insideOnly = new IntList(); // code point of symbol vocabSize + i

  SentencePieceTokenizer(TokenizerSpec spec, Vocabulary vocabulary) {
    this.vocabulary = vocabulary;
    addsSpacePrefix = Objects.requireNonNullElse(spec.addSpacePrefix(), true);
    float[] scores = spec.scores();
    if (scores == null) {
      throw Vocabulary.invalid("scores", "is missing");
    }
    Vocabulary.requireLength("scores", scores.length, vocabulary.size());
    for (int id = 0; id < scores.length; id++) {
      if (Float.isNaN(scores[id])) {
        throw Vocabulary.invalid("scores", "is not a number for token " + id);
      }
    }
    findByteTokens();
    findSymbols();
    findMerges(scores);
  }

  private void findByteTokens() {
    for (int id = 0; id < vocabulary.size(); id++) {
      if (vocabulary.type(id) == TokenType.BYTE
          && !BYTE_PIECE.matcher(vocabulary.piece(id)).matches()) {
        throw Vocabulary.invalid(
            "tokens", "has \"%s\" as a byte, not <0x00> to <0xFF>".formatted(vocabulary.piece(id)));
      }
    }
    boolean complete = true;
    for (int value = 0; value < 256; value++) {
      Integer id = vocabulary.idOf("<0x%02X>".formatted(value));
      byteIds[value] = id == null || vocabulary.type(id) != TokenType.BYTE ? -1 : id;
      complete &= byteIds[value] >= 0;
    }
    if (!complete) {
      if (vocabulary.unknownId() == null) {
        throw Vocabulary.invalid(
            "tokens", "has neither all byte tokens <0x00> to <0xFF> nor an unknown token");
      }
      Arrays.fill(byteIds, -1);
    }
  }

  private void findSymbols() {
    for (int id = 0; id < vocabulary.size(); id++) {
      String piece = vocabulary.piece(id);
      if (vocabulary.isText(id)
          && !piece.isEmpty()
          && piece.codePointCount(0, piece.length()) == 1) {
        symbols.putIfAbsent(piece.codePointAt(0), id);
      }
    }
    for (int id = 0; id < vocabulary.size(); id++) {
      if (!vocabulary.isText(id)) {
        continue;
      }
      int[] codePoints = vocabulary.piece(id).codePoints().toArray();
      for (int i = 0; i < codePoints.length; i++) {
        if (symbols.putIfAbsent(codePoints[i], vocabulary.size() + insideOnly.size())) {
          insideOnly.add(codePoints[i]);
        }
        if (i > 0) {
          neighbours.putIfAbsent(LongTable.pair(codePoints[i - 1], codePoints[i]), 0);
        }
      }
    }
  }

  private void findMerges(float[] scores) {
    int[] byScore =
        IntStream.range(0, scores.length)
            .filter(vocabulary::isText)
            .boxed()
            .sorted(Comparator.comparingDouble(id -> -scores[id]))
            .mapToInt(Integer::intValue)
            .toArray();
    int rank = 0;
    for (int i = 0; i < byScore.length; i++) {
      if (i > 0 && scores[byScore[i]] != scores[byScore[i - 1]]) {
        rank++;
      }
      String piece = vocabulary.piece(byScore[i]);
      for (int cut = 1; cut < piece.length(); cut++) {
        if (Character.isLowSurrogate(piece.charAt(cut))) {
          continue;
        }
        int left = symbol(piece.substring(0, cut));
        int right = symbol(piece.substring(cut));
        if (left >= 0 && right >= 0) {
          merges.putIfAbsent(LongTable.pair(left, right), LongTable.pair(rank, byScore[i]));
        }
      }
    }
  }

  private int symbol(String piece) {
    if (piece.codePointCount(0, piece.length()) == 1) {
      return (int) symbols.get(piece.codePointAt(0));
    }
    Integer id = vocabulary.idOf(piece);
    return id != null && vocabulary.isText(id) ? id : -1;
  }

  @Override
  public Vocabulary vocabulary() {
    return vocabulary;
  }

  @Override
  public boolean addsSpacePrefix() {
    return addsSpacePrefix;
  }

  @Override
  public int[] encode(MarkedText marked) {
    String text = Utf8.wellFormed(marked.text());
    IntList ids = new IntList();
    SymbolMerger merger = new SymbolMerger(merges);
    Fragments.of(
        text,
        marked,
        vocabulary.specialTokens(),
        new Fragments.Receiver() {
          @Override
          public void text(int start, int end) {
            encode(text, start, end, merger, ids);
          }

          @Override
          public void special(int id) {
            ids.add(id);
          }
        });
    return ids.toArray();
  }

  private void encode(String text, int start, int end, SymbolMerger merger, IntList ids) {
    IntList run = new IntList();
    int last = -1;
    if (addsSpacePrefix) {
      run.add(SPACE);
      last = SPACE;
    }
    for (int i = start; i < end; ) {
      int codePoint = text.codePointAt(i);
      i += Character.charCount(codePoint);
      codePoint = codePoint == ' ' ? SPACE : codePoint;
      if (last >= 0 && !neighbours.contains(LongTable.pair(last, codePoint))) {
        encodeRun(run, merger, ids);
      }
      run.add(codePoint);
      last = codePoint;
    }
    encodeRun(run, merger, ids);
  }

  /** Encodes and clears a run of code points. */
  private void encodeRun(IntList run, SymbolMerger merger, IntList ids) {
    if (run.size() == 1) {
      int symbol = (int) symbols.get(run.get(0));
      if (symbol >= 0 && symbol < vocabulary.size()) {
        ids.add(symbol);
      } else {
        addBytes(run.get(0), ids);
      }
      run.clear();
      return;
    }
    int[] merging = run.array();
    for (int i = 0; i < run.size(); i++) {
      merging[i] = (int) symbols.get(merging[i]);
    }
    int end = merger.merge(merging, 0, run.size());
    for (int i = 0; i < end; i++) {
      if (merging[i] < vocabulary.size()) {
        ids.add(merging[i]);
      } else {
        addBytes(insideOnly.get(merging[i] - vocabulary.size()), ids);
      }
    }
    run.clear();
  }

  private void addBytes(int codePoint, IntList ids) {
    Integer unknownId = vocabulary.unknownId();
    if (byteIds[0] < 0 && unknownId != null) {
      ids.add(unknownId);
      return;
    }
    byte[] bytes = new byte[4];
    int length = Utf8.encode(codePoint, bytes);
    for (int i = 0; i < length; i++) {
      ids.add(byteIds[bytes[i] & 0xFF]);
    }
  }

  @Override
  public byte[] bytes(int id) {
    String piece = vocabulary.piece(id);
    return switch (vocabulary.type(id)) {
      case CONTROL -> new byte[0];
      case UNKNOWN -> "\uFFFD".getBytes(StandardCharsets.UTF_8);
      case BYTE -> new byte[] {(byte) byteValue(piece)};
      case USER_DEFINED -> piece.getBytes(StandardCharsets.UTF_8);
      case UNDEFINED, NORMAL, UNUSED ->
          piece.replace((char) SPACE, ' ').getBytes(StandardCharsets.UTF_8);
    };
  }

  private static int byteValue(String piece) {
    return Integer.parseInt(piece, 3, 5, 16);
  }

  @Override
  public String toString() {
    return "SentencePieceTokenizer[" + vocabulary.size() + " tokens]";
  }
}
