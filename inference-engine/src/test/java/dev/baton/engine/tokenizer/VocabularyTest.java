package dev.baton.engine.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class VocabularyTest {

  /** A small SentencePiece or byte-level vocabulary, to be spoilt by a test. */
  private static final class Draft {
    @Nullable String model;
    @Nullable String pre;
    String @Nullable [] tokens;
    float @Nullable [] scores;
    int @Nullable [] types;
    String @Nullable [] merges;
    @Nullable Integer bos;
    @Nullable Integer eos;
    @Nullable Integer unknown;
    @Nullable Boolean addBos;

    TokenizerSpec spec() {
      return new TokenizerSpec(
          model, pre, tokens, scores, types, merges, bos, eos, null, unknown, addBos, null, null);
    }
  }

  private static Draft sentencePiece() {
    Draft draft = new Draft();
    draft.model = "llama";
    draft.tokens = new String[] {"<unk>", "<s>", "</s>", "▁", "a", "b", "ab", "▁a"};
    draft.types = new int[] {2, 3, 3, 1, 1, 1, 1, 1};
    draft.scores = new float[] {0, 0, 0, -5, -4, -3, -2, -1};
    return draft;
  }

  private static Draft byteLevelBpe() {
    Draft draft = new Draft();
    draft.model = "gpt2";
    draft.pre = "gpt-2";
    draft.tokens =
        Stream.concat(
                IntStream.range(0, 256).mapToObj(b -> String.valueOf(ByteCharacters.of(b))),
                Stream.of("ab", "Ġab", "<|im_end|>"))
            .toArray(String[]::new);
    draft.types = new int[draft.tokens.length];
    Arrays.fill(draft.types, 1);
    draft.merges = new String[] {"a b", "Ġ ab"};
    return draft;
  }

  private static void assertRefused(
      Draft draft, Consumer<Draft> change, ErrorCode code, String... words) {
    change.accept(draft);
    assertThatThrownBy(() -> Tokenizer.from(draft.spec()))
        .isInstanceOfSatisfying(
            EngineException.class, error -> assertThat(error.code()).isEqualTo(code))
        .hasMessageContainingAll(words);
  }

  private static void assertInvalid(Draft draft, Consumer<Draft> change, String... words) {
    assertRefused(draft, change, ErrorCode.MODEL_FILE_INVALID, words);
  }

  @Test
  void namesTheMissingKey() {
    assertInvalid(sentencePiece(), d -> d.model = null, "tokenizer.ggml.model is missing");
    assertInvalid(sentencePiece(), d -> d.tokens = null, "tokenizer.ggml.tokens", "convert");
    assertInvalid(sentencePiece(), d -> d.tokens = new String[0], "tokenizer.ggml.tokens");
    assertInvalid(sentencePiece(), d -> d.types = null, "tokenizer.ggml.token_type is missing");
    assertInvalid(sentencePiece(), d -> d.scores = null, "tokenizer.ggml.scores is missing");
    assertInvalid(byteLevelBpe(), d -> d.merges = null, "tokenizer.ggml.merges is missing");
  }

  @Test
  void namesTheArrayOfTheWrongLength() {
    assertInvalid(
        sentencePiece(), d -> d.types = new int[3], "token_type has 3 values for 8 tokens");
    assertInvalid(sentencePiece(), d -> d.scores = new float[9], "scores has 9 values for 8");
  }

  @Test
  void namesTheValueThatMakesNoSense() {
    assertInvalid(
        sentencePiece(), d -> at(d.types)[4] = 9, "token_type is 9 for token 4", "0 to 6");
    assertInvalid(sentencePiece(), d -> at(d.scores)[4] = Float.NaN, "scores", "token 4");
    assertInvalid(
        sentencePiece(), d -> at(d.tokens)[5] = "a", "tokens names \"a\" twice, as 4 and 5");
    assertInvalid(sentencePiece(), d -> d.bos = 8, "bos_token_id is 8, but there are 8 tokens");
    assertInvalid(sentencePiece(), d -> d.eos = -1, "eos_token_id is -1");
    assertInvalid(sentencePiece(), d -> at(d.types)[5] = 6, "\"b\" as a byte");
    assertInvalid(sentencePiece(), d -> at(d.types)[0] = 3, "byte tokens", "unknown token");
    assertInvalid(byteLevelBpe(), d -> d.addBos = true, "bos_token_id is missing", "add_bos_token");
  }

  @Test
  void namesTheMergeThatJoinsNoTokens() {
    assertInvalid(byteLevelBpe(), d -> at(d.merges)[1] = "Ġ abc", "\"Ġ abc\" at 1", "\"Ġabc\"");
    assertInvalid(byteLevelBpe(), d -> at(d.merges)[0] = "ab", "\"ab\" at 0, not a pair");
  }

  @Test
  void namesTheKindsItKnows() {
    assertRefused(
        sentencePiece(), d -> d.model = "bert", ErrorCode.MODEL_UNSUPPORTED, "bert", "llama, gpt2");
    assertRefused(
        byteLevelBpe(),
        d -> d.pre = "klingon",
        ErrorCode.MODEL_UNSUPPORTED,
        "tokenizer.ggml.pre is \"klingon\"",
        "llama-bpe",
        "qwen2");
  }

  private static <T> T at(@Nullable T array) {
    assertThat(array).isNotNull();
    return array;
  }

  @Test
  void mergesByScoreAndTheLeftmostOfEquals() {
    Tokenizer tokenizer = Tokenizer.from(sentencePiece().spec());
    assertThat(tokenizer.encode("ab")).containsExactly(7, 5); // "▁a" scores more than "ab"
    assertThat(tokenizer.encode("bab")).containsExactly(3, 5, 6);
  }

  @Test
  void takesTheUnknownTokenWhereThereAreNoByteTokens() {
    Tokenizer tokenizer = Tokenizer.from(sentencePiece().spec());
    assertThat(tokenizer.encode("aπb")).containsExactly(7, 0, 5);
    assertThat(tokenizer.decode(new int[] {7, 0, 5})).isEqualTo("a\uFFFDb");
  }

  @Test
  void leavesOutBytesThatTheModelNeverSaw() {
    Draft draft = byteLevelBpe();
    at(draft.tokens)['~'] = "tilde";
    Tokenizer tokenizer = Tokenizer.from(draft.spec());
    assertThat(tokenizer.encode("a~b")).containsExactly('a', 'b');
  }

  @Test
  void takesAWellKnownEndOfTurnAsControlWhateverTheFileCallsIt() {
    Tokenizer tokenizer = Tokenizer.from(byteLevelBpe().spec());
    assertThat(tokenizer.isControl(258)).isTrue();
    assertThat(tokenizer.isEndOfGeneration(258)).isTrue();
    assertThat(tokenizer.encode("<|im_end|>")).doesNotContain(258);
  }

  @Test
  void neverMergesToAControlToken() {
    Draft draft = byteLevelBpe();
    draft.eos = 256; // "ab"
    Tokenizer tokenizer = Tokenizer.from(draft.spec());
    assertThat(tokenizer.encode("ab")).containsExactly('a', 'b');
    assertThat(tokenizer.encode(MarkedText.trusted("ab"))).containsExactly(256);
  }
}
