package dev.baton.engine.tokenizer;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Vocabularies with texts and the ids that llama.cpp makes of them. */
final class TokenizerFixtures {

  /** What a tokenizer with that pre-tokenizer makes of the text when all of it is trusted. */
  record Case(String preTokenizer, String text, int[] ids) {}

  /** The same for a tiny random model with 2048 tokens. */
  record ModelCase(String architecture, String tokenizer, String text, int[] ids, int[] withBos) {}

  private TokenizerFixtures() {}

  static TokenizerSpec sentencePiece() {
    return spec(read("sentencepiece.json").get("vocabulary"), null);
  }

  static TokenizerSpec byteLevelBpe(String preTokenizer) {
    return spec(read("byte-level-bpe.json").get("vocabulary"), preTokenizer);
  }

  static List<Case> sentencePieceCases() {
    List<Case> cases = new ArrayList<>();
    for (JsonNode node : read("sentencepiece.json").get("cases")) {
      cases.add(new Case("", node.get("text").asString(), ints(node.get("ids"))));
    }
    return cases;
  }

  static List<Case> byteLevelBpeCases() {
    List<Case> cases = new ArrayList<>();
    for (JsonNode node : read("byte-level-bpe.json").get("cases")) {
      for (JsonNode group : node.get("ids")) {
        for (String preTokenizer : group.get("pre").asString().split(",", -1)) {
          cases.add(new Case(preTokenizer, node.get("text").asString(), ints(group.get("ids"))));
        }
      }
    }
    return cases;
  }

  static List<ModelCase> randomModelCases() {
    List<ModelCase> cases = new ArrayList<>();
    for (JsonNode node : read("random-models.json").get("cases")) {
      cases.add(
          new ModelCase(
              node.get("architecture").asString(),
              node.get("tokenizer").asString(),
              node.get("text").asString(),
              ints(node.get("ids")),
              ints(node.get("withBos"))));
    }
    return cases;
  }

  private static JsonNode read(String name) {
    try (InputStream in = TokenizerFixtures.class.getResourceAsStream(name)) {
      return JsonMapper.shared().readTree(Objects.requireNonNull(in, name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static TokenizerSpec spec(JsonNode vocabulary, @Nullable String preTokenizer) {
    return new TokenizerSpec(
        vocabulary.get("model").asString(),
        preTokenizer,
        strings(vocabulary.get("tokens")),
        vocabulary.has("scores") ? floats(vocabulary.get("scores")) : null,
        ints(vocabulary.get("types")),
        vocabulary.has("merges") ? strings(vocabulary.get("merges")) : null,
        vocabulary.get("bos").asInt(),
        vocabulary.get("eos").asInt(),
        vocabulary.has("eot") ? vocabulary.get("eot").asInt() : null,
        vocabulary.has("unk") ? vocabulary.get("unk").asInt() : null,
        true,
        false,
        null);
  }

  private static String[] strings(JsonNode array) {
    String[] values = new String[array.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = array.get(i).asString();
    }
    return values;
  }

  private static int[] ints(JsonNode array) {
    int[] values = new int[array.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = array.get(i).asInt();
    }
    return values;
  }

  private static float[] floats(JsonNode array) {
    float[] values = new float[array.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = array.get(i).floatValue();
    }
    return values;
  }
}
