package dev.baton.engine.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.tokenizer.TokenizerFixtures.Case;
import java.util.HashMap;
import java.util.Map;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;

/** Ids against those of llama.cpp, an independent implementation, for the same vocabularies. */
class LlamaCppAgreementTest {

  @Test
  void sentencePieceMakesTheSameIds() {
    Tokenizer tokenizer = Tokenizer.from(TokenizerFixtures.sentencePiece());
    SoftAssertions soft = new SoftAssertions();
    for (Case expected : TokenizerFixtures.sentencePieceCases()) {
      soft.assertThat(tokenizer.encode(MarkedText.trusted(expected.text())))
          .as("\"%s\"", expected.text())
          .containsExactly(expected.ids());
    }
    soft.assertAll();
  }

  @Test
  void byteLevelBpeMakesTheSameIdsWithEachPreTokenizer() {
    Map<String, Tokenizer> tokenizers = new HashMap<>();
    SoftAssertions soft = new SoftAssertions();
    for (Case expected : TokenizerFixtures.byteLevelBpeCases()) {
      Tokenizer tokenizer =
          tokenizers.computeIfAbsent(
              expected.preTokenizer(),
              name -> Tokenizer.from(TokenizerFixtures.byteLevelBpe(name)));
      soft.assertThat(tokenizer.encode(MarkedText.trusted(expected.text())))
          .as("%s: \"%s\"", expected.preTokenizer(), expected.text())
          .containsExactly(expected.ids());
    }
    soft.assertAll();
    assertThat(tokenizers).hasSize(9);
  }
}
