package dev.baton.engine.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.gguf.GgufFile;
import dev.baton.engine.model.RandomModelSpec;
import dev.baton.engine.tokenizer.TokenizerFixtures.Case;
import dev.baton.engine.tokenizer.TokenizerFixtures.ModelCase;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
    assertThat(tokenizers).hasSize(11);
  }

  @Test
  void tokenizersOfModelFilesMakeTheSameIds(@TempDir Path folder) throws IOException {
    Map<String, Tokenizer> tokenizers = new HashMap<>();
    for (ModelCase expected : TokenizerFixtures.randomModelCases()) {
      String name = expected.architecture() + "-" + expected.tokenizer() + ".gguf";
      Tokenizer tokenizer = tokenizers.get(name);
      if (tokenizer == null) {
        RandomModelSpec.tiny()
            .architecture(expected.architecture())
            .tokenizer(RandomModelSpec.Tokenizer.valueOf(expected.tokenizer()))
            .vocabSize(2048)
            .writeTo(folder.resolve(name));
        try (GgufFile file = GgufFile.open(folder.resolve(name))) {
          tokenizer = Tokenizer.from(file);
        }
        tokenizers.put(name, tokenizer);
      }
      int[] ids = tokenizer.encode(MarkedText.trusted(expected.text()));
      assertThat(ids).as("%s: %s", name, expected.text()).containsExactly(expected.ids());
      if (!expected.text().startsWith("<s>")) { // where llama.cpp would add a second BOS
        assertThat(tokenizer.withBosEos(ids)).containsExactly(expected.withBos());
      }
    }
    assertThat(tokenizers).hasSize(3);
  }
}
