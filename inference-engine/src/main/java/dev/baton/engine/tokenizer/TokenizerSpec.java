package dev.baton.engine.tokenizer;

import dev.baton.engine.gguf.GgufFile;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a model file says about its tokenizer, unchecked: the {@code tokenizer.ggml.*} keys, null
 * where the file has none.
 *
 * @param model {@code tokenizer.ggml.model}: {@code llama} or {@code gpt2}
 * @param preTokenizer {@code tokenizer.ggml.pre}: how byte-level BPE cuts text into words
 * @param tokens text of each token id; byte-level BPE writes bytes as printable characters
 * @param scores SentencePiece: the score of each token, higher merges first
 * @param types {@code tokenizer.ggml.token_type} of each token, see {@link TokenType}
 * @param merges byte-level BPE: {@code "left right"}, most urgent first
 * @param addBos whether a text begins with BOS
 * @param addSpacePrefix SentencePiece: whether a text is taken as if a space stood before it
 */
public record TokenizerSpec(
    @Nullable String model,
    @Nullable String preTokenizer,
    String @Nullable [] tokens,
    float @Nullable [] scores,
    int @Nullable [] types,
    String @Nullable [] merges,
    @Nullable Integer bosId,
    @Nullable Integer eosId,
    @Nullable Integer eotId,
    @Nullable Integer unknownId,
    @Nullable Boolean addBos,
    @Nullable Boolean addEos,
    @Nullable Boolean addSpacePrefix) {

  private static final String KEYS = "tokenizer.ggml.";

  static TokenizerSpec of(GgufFile file) {
    return new TokenizerSpec(
        file.findString(KEYS + "model"),
        file.findString(KEYS + "pre"),
        array(file.findStrings(KEYS + "tokens")),
        file.findFloats(KEYS + "scores"),
        file.findIntegers(KEYS + "token_type"),
        array(file.findStrings(KEYS + "merges")),
        file.findInteger(KEYS + "bos_token_id"),
        file.findInteger(KEYS + "eos_token_id"),
        file.findInteger(KEYS + "eot_token_id"),
        file.findInteger(KEYS + "unknown_token_id"),
        file.findBool(KEYS + "add_bos_token"),
        file.findBool(KEYS + "add_eos_token"),
        file.findBool(KEYS + "add_space_prefix"));
  }

  private static String @Nullable [] array(@Nullable List<String> values) {
    return values == null ? null : values.toArray(String[]::new);
  }

  @Override
  public String toString() {
    return "TokenizerSpec[" + model + ", " + (tokens == null ? 0 : tokens.length) + " tokens]";
  }
}
