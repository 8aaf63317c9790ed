package dev.baton.engine.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TokenDecoderTest {
  private static final Tokenizer SENTENCE_PIECE = Tokenizer.from(TokenizerFixtures.sentencePiece());
  private static final Tokenizer BYTE_LEVEL_BPE =
      Tokenizer.from(TokenizerFixtures.byteLevelBpe("llama-bpe"));

  @Test
  void showsCharactersOnlyWhenTheyAreComplete() {
    TokenDecoder decoder = new TokenDecoder(SENTENCE_PIECE);
    int[] bytes = bytesOf("\uD83D\uDE00");
    assertThat(decoder.append(bytes[0])).isEmpty();
    assertThat(decoder.append(bytes[1])).isEmpty();
    assertThat(decoder.append(bytes[2])).isEmpty();
    assertThat(decoder.append(bytes[3])).isEqualTo("\uD83D\uDE00");
    assertThat(decoder.flush()).isEmpty();
  }

  @Test
  void replacesWhatCanNotBecomeACharacter() {
    TokenDecoder decoder = new TokenDecoder(SENTENCE_PIECE);
    int[] bytes = bytesOf("\uD83D\uDE00");
    assertThat(decoder.append(bytes[0])).isEmpty();
    assertThat(decoder.append(bytesOf("x")[0])).isEqualTo("\uFFFDx");
    assertThat(decoder.append(bytes[1])).isEqualTo("\uFFFD");
    assertThat(decoder.append(bytes[0])).isEmpty();
    assertThat(decoder.flush()).isEqualTo("\uFFFD");
    assertThat(decoder.flush()).isEmpty();
  }

  @Test
  void isTheDecodingOfAllBytesAtOnceForAnyTokens() {
    Random random = new Random(3);
    for (int round = 0; round < 3_000; round++) {
      TokenDecoder decoder = TokenDecoder.continuing(BYTE_LEVEL_BPE);
      StringBuilder text = new StringBuilder();
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      for (int i = random.nextInt(20); i >= 0; i--) {
        // The first 256 tokens are the bytes; those that begin and continue characters, often.
        int id =
            random.nextBoolean()
                ? random.nextInt(0x80, 0x100)
                : random.nextInt(BYTE_LEVEL_BPE.vocabSize());
        String shown = decoder.append(id);
        assertThat(shown.codePoints().noneMatch(c -> c >= 0xD800 && c < 0xE000)).isTrue();
        text.append(shown);
        bytes.writeBytes(BYTE_LEVEL_BPE.bytes(id));
      }
      text.append(decoder.flush());
      assertThat(text.toString()).isEqualTo(bytes.toString(StandardCharsets.UTF_8));
    }
  }

  @Test
  void neverShowsBrokenCharactersOfAWholeText() {
    Random random = new Random(4);
    for (Tokenizer tokenizer : new Tokenizer[] {SENTENCE_PIECE, BYTE_LEVEL_BPE}) {
      for (int round = 0; round < 1_000; round++) {
        String text = RandomTexts.next(random).replace("\uFFFD", "");
        TokenDecoder decoder = new TokenDecoder(tokenizer);
        StringBuilder shown = new StringBuilder();
        for (int id : tokenizer.encode(text)) {
          shown.append(decoder.append(id));
          assertThat(text).startsWith(shown.toString());
        }
        assertThat(decoder.flush()).isEmpty();
        assertThat(shown.toString()).isEqualTo(text);
      }
    }
  }

  @Test
  void anAnswerBeginsWithoutTheSpaceThatSentencePieceSetsBeforeIt() {
    int[] ids = SENTENCE_PIECE.encode("Hello world");
    assertThat(SENTENCE_PIECE.piece(ids[0])).startsWith("▁");
    TokenDecoder answer = new TokenDecoder(SENTENCE_PIECE);
    TokenDecoder continuation = TokenDecoder.continuing(SENTENCE_PIECE);
    StringBuilder answered = new StringBuilder();
    StringBuilder continued = new StringBuilder();
    for (int id : ids) {
      answered.append(answer.append(id));
      continued.append(continuation.append(id));
    }
    assertThat(answered.toString()).isEqualTo("Hello world");
    assertThat(continued.toString()).isEqualTo(" Hello world");
  }

  @Test
  void takesOneSpaceOffAtMostAndOnlyAtTheBeginning() {
    assertThat(SENTENCE_PIECE.decode(SENTENCE_PIECE.encode("  two"))).isEqualTo("  two");
    TokenDecoder decoder = new TokenDecoder(SENTENCE_PIECE);
    int[] newline = bytesOf("\n");
    String text = decoder.append(newline[0]);
    for (int id : SENTENCE_PIECE.encode("next")) {
      text += decoder.append(id);
    }
    assertThat(text).isEqualTo("\n next");
  }

  @Test
  void controlTokensAddNothing() {
    int eos = SENTENCE_PIECE.eosId().orElseThrow();
    int[] ids = SENTENCE_PIECE.encode(MarkedText.trusted("<s>one</s>two"));
    assertThat(ids).contains(eos);
    assertThat(SENTENCE_PIECE.bytes(eos)).isEmpty();
    assertThat(SENTENCE_PIECE.decode(ids)).isEqualTo("onetwo");
  }

  /** The byte tokens of a text; byte b is token 3 + b in this vocabulary. */
  private static int[] bytesOf(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    int[] ids = new int[bytes.length];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = 3 + (bytes[i] & 0xFF);
    }
    return ids;
  }
}
