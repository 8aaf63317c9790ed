package dev.baton.engine.tokenizer;

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

  @Override
  public String toString() {
    return "TokenizerSpec[" + model + ", " + (tokens == null ? 0 : tokens.length) + " tokens]";
  }
}
