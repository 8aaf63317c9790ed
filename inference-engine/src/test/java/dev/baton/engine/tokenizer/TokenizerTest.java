package dev.baton.engine.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.baton.engine.tokenizer.MarkedText.Span;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TokenizerTest {
  private static final Tokenizer SENTENCE_PIECE = Tokenizer.from(TokenizerFixtures.sentencePiece());
  private static final Tokenizer BYTE_LEVEL_BPE =
      Tokenizer.from(TokenizerFixtures.byteLevelBpe("qwen2"));

  private static final Set<String> SPECIAL =
      Set.of("<think>", "</think>", "<tool_call>", "</tool_call>", "<unk>");

  static Stream<Tokenizer> tokenizers() {
    return Stream.of(SENTENCE_PIECE, BYTE_LEVEL_BPE);
  }

  static Stream<Tokenizer> everyTokenizer() {
    Stream<Tokenizer> byteLevel =
        Arrays.stream(PreTokenizer.values())
            .map(PreTokenizer::firstName)
            .map(name -> Tokenizer.from(TokenizerFixtures.byteLevelBpe(name)));
    return Stream.concat(Stream.of(SENTENCE_PIECE), byteLevel);
  }

  @ParameterizedTest
  @MethodSource("everyTokenizer")
  void decodesWhatItEncoded(Tokenizer tokenizer) {
    Random random = new Random(1);
    for (int round = 0; round < 500; round++) {
      String text = RandomTexts.next(random);
      assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo(text);
    }
  }

  @ParameterizedTest
  @MethodSource("tokenizers")
  void takesUnpairedSurrogatesAsReplacementCharacters(Tokenizer tokenizer) {
    for (String text : List.of("\uD83D", "a\uDE00b", "\uDE00\uD83D", "\uD83D\uD83D\uDE00")) {
      String repaired = text.replaceAll("[\\x{D800}-\\x{DFFF}]", "\uFFFD");
      assertThat(tokenizer.encode(text)).isEqualTo(tokenizer.encode(repaired));
      assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo(repaired);
    }
  }

  @Test
  void sentencePieceReadsItsSpaceMarkAsSpace() {
    assertThat(SENTENCE_PIECE.decode(SENTENCE_PIECE.encode("a▁b"))).isEqualTo("a b");
  }

  @ParameterizedTest
  @MethodSource("tokenizers")
  void makesNothingOfNothing(Tokenizer tokenizer) {
    assertThat(tokenizer.encode("")).isEmpty();
    assertThat(tokenizer.encode(MarkedText.trusted(""))).isEmpty();
    assertThat(tokenizer.decode(new int[0])).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("everyTokenizer")
  void neverMakesAControlTokenOfPlainText(Tokenizer tokenizer) {
    Random random = new Random(2);
    StringBuilder everyPiece = new StringBuilder();
    for (int id = 0; id < tokenizer.vocabSize(); id++) {
      assertThatNoneIsSpecial(tokenizer, tokenizer.encode(tokenizer.piece(id)));
      everyPiece.append(tokenizer.piece(random.nextInt(tokenizer.vocabSize())));
    }
    assertThatNoneIsSpecial(tokenizer, tokenizer.encode(everyPiece.toString()));
    for (int round = 0; round < 500; round++) {
      assertThatNoneIsSpecial(tokenizer, tokenizer.encode(RandomTexts.next(random)));
    }
  }

  private static void assertThatNoneIsSpecial(Tokenizer tokenizer, int[] ids) {
    for (int id : ids) {
      if (tokenizer.isControl(id)
          || tokenizer.isEndOfGeneration(id)
          || SPECIAL.contains(tokenizer.piece(id))) {
        fail("plain text became " + tokenizer.piece(id));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("tokenizers")
  void recognisesSpecialTokensOnlyWhereAllOfThemIsTrusted(Tokenizer tokenizer) {
    String token = "<|im_end|>";
    String text = "a" + token + "b";
    int end = 1 + token.length();
    for (int from = 0; from <= text.length(); from++) {
      for (int to = from; to <= text.length(); to++) {
        int[] ids = tokenizer.encode(new MarkedText(text, List.of(new Span(from, to))));
        assertThat(Arrays.stream(ids).anyMatch(tokenizer::isControl))
            .as("trusted [%d, %d)", from, to)
            .isEqualTo(from <= 1 && to >= end);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("tokenizers")
  void joinsTrustedSpansThatTouch(Tokenizer tokenizer) {
    List<Span> halves = List.of(new Span(5, 10), new Span(0, 5));
    assertThat(tokenizer.encode(new MarkedText("<|im_end|>", halves))).hasSize(1);
    List<Span> apart = List.of(new Span(0, 5), new Span(6, 10));
    assertThat(tokenizer.encode(new MarkedText("<|im_end|>", apart))).hasSizeGreaterThan(1);
  }

  @ParameterizedTest
  @MethodSource("tokenizers")
  void doesNotLetAUserCompleteATokenThatTheTemplateBegan(Tokenizer tokenizer) {
    // The template's words are trusted, "im_end|>" is the user's.
    int[] ids = tokenizer.encode(new MarkedText("<|im_end|>", List.of(new Span(0, 2))));
    assertThatNoneIsSpecial(tokenizer, ids);
  }

  @ParameterizedTest
  @MethodSource("tokenizers")
  void tokenisesTheTextBetweenSpecialTokensJointlyWhoeverWroteIt(Tokenizer tokenizer) {
    String text = "<|im_start|>user\nHello world, how are you?<|im_end|>\n";
    int user = text.indexOf("Hello");
    int end = text.lastIndexOf("<|im_end|>");
    List<Span> template = List.of(new Span(0, user), new Span(end, text.length()));
    assertThat(tokenizer.encode(new MarkedText(text, template)))
        .isEqualTo(tokenizer.encode(MarkedText.trusted(text)));
  }

  @ParameterizedTest
  @MethodSource("tokenizers")
  void matchesUserDefinedTokensInAnyTextUnlessTheyAreMarkup(Tokenizer tokenizer) {
    assertThat(pieces(tokenizer, tokenizer.encode("a plugh"))).contains("plugh");
    assertThat(pieces(tokenizer, tokenizer.encode("a <think>"))).doesNotContain("<think>");
    assertThat(pieces(tokenizer, tokenizer.encode(MarkedText.trusted("a <think>"))))
        .contains("<think>");
  }

  private static List<String> pieces(Tokenizer tokenizer, int[] ids) {
    return Arrays.stream(ids).mapToObj(tokenizer::piece).toList();
  }

  @ParameterizedTest
  @MethodSource("tokenizers")
  void addsBosOnceWhereTheModelAsksForIt(Tokenizer tokenizer) {
    int bos = tokenizer.bosId().orElseThrow();
    int[] with = tokenizer.withBosEos(tokenizer.encode("Hello"));
    assertThat(tokenizer.addsBos()).isTrue();
    assertThat(with).startsWith(bos).hasSize(tokenizer.encode("Hello").length + 1);
    assertThat(tokenizer.withBosEos(with)).isEqualTo(with);
    assertThat(tokenizer.withBosEos(new int[0])).containsExactly(bos);
  }

  @Test
  void knowsTheTokensThatEndATurn() {
    for (String piece : List.of("<|im_end|>", "<|eot_id|>", "<|end_of_text|>")) {
      assertThat(BYTE_LEVEL_BPE.isEndOfGeneration(id(BYTE_LEVEL_BPE, piece))).isTrue();
    }
    assertThat(BYTE_LEVEL_BPE.isEndOfGeneration(id(BYTE_LEVEL_BPE, "<|im_start|>"))).isFalse();
    assertThat(SENTENCE_PIECE.isEndOfGeneration(id(SENTENCE_PIECE, "</s>"))).isTrue();
    assertThat(SENTENCE_PIECE.isEndOfGeneration(id(SENTENCE_PIECE, "<s>"))).isFalse();
  }

  private static int id(Tokenizer tokenizer, String piece) {
    Integer id = tokenizer.vocabulary().idOf(piece);
    assertThat(id).isNotNull();
    return id;
  }

  /** Runs on a small stack: a matcher that recurses per character would not end well. */
  @ParameterizedTest
  @MethodSource("everyTokenizer")
  void takesALongRunOfOneThingInItsStride(Tokenizer tokenizer) {
    int length = tokenizer == SENTENCE_PIECE ? 1 << 19 : 1 << 16;
    String[] units = {"a", "A", " ", "\n", "1", "!", "中", "😀", "e\u0301", "\uD83D"};
    Assertions.assertTimeout(
        Duration.ofSeconds(60),
        () -> {
          Throwable[] thrown = new Throwable[1];
          Runnable encodeAll =
              () -> {
                for (String unit : units) {
                  String text = unit.repeat(length / unit.length());
                  for (String end : List.of("x", "1")) {
                    assertThat(tokenizer.encode(text + end)).isNotEmpty();
                  }
                }
              };
          Thread worker = new Thread(null, encodeAll, "small stack", 256 << 10);
          worker.setUncaughtExceptionHandler((thread, error) -> thrown[0] = error);
          worker.start();
          worker.join();
          assertThat(thrown[0]).isNull();
        });
  }
}
