package dev.baton.engine.tokenizer;

import dev.baton.engine.EngineException;
import dev.baton.engine.gguf.GgufFile;
import java.util.OptionalInt;

/**
 * Text to token ids and back. Immutable and safe for use by many threads.
 *
 * <p>A text nobody vouches for never becomes a control token, whatever it says: control tokens come
 * only from the trusted spans of a {@link MarkedText} and from {@link #withBosEos}. Unpaired
 * surrogates count as U+FFFD.
 */
public sealed interface Tokenizer permits SentencePieceTokenizer, ByteLevelBpeTokenizer {

  /**
   * The tokenizer that a model file describes.
   *
   * @throws EngineException when a key is missing, contradicts another, or names a tokenizer that
   *     Baton does not know
   */
  static Tokenizer from(GgufFile file) {
    return from(TokenizerSpec.of(file));
  }

  /** The tokenizer that these keys describe; see {@link #from(GgufFile)}. */
  static Tokenizer from(TokenizerSpec spec) {
    Vocabulary vocabulary = Vocabulary.from(spec);
    return switch (vocabulary.model()) {
      case SENTENCE_PIECE -> new SentencePieceTokenizer(spec, vocabulary);
      case BYTE_LEVEL_BPE -> new ByteLevelBpeTokenizer(spec, vocabulary);
    };
  }

  /** The tokens and what each of them is. */
  Vocabulary vocabulary();

  /**
   * Special tokens are recognised where every character of them is trusted, the longest first. The
   * text between recognised tokens is tokenised jointly, whoever wrote which part of it. Neither
   * BOS nor EOS is added.
   */
  int[] encode(MarkedText text);

  /** The bytes that a token adds to a text, not always valid UTF-8; none for a control token. */
  byte[] bytes(int id);

  /** Whether a text is encoded as if a space stood before it, which decoding takes away again. */
  boolean addsSpacePrefix();

  /** The ids of a text that nobody vouches for; adds neither BOS nor EOS. */
  default int[] encode(String text) {
    return encode(MarkedText.untrusted(text));
  }

  /**
   * The ids as the model wants a whole input: with BOS before and EOS behind where the model file
   * asks for them and they are not there yet.
   */
  default int[] withBosEos(int[] ids) {
    return vocabulary().withBosEos(ids);
  }

  /** The text of ids that begin a text; bytes that are not UTF-8 become U+FFFD. */
  default String decode(int[] ids) {
    TokenDecoder decoder = new TokenDecoder(this);
    StringBuilder text = new StringBuilder();
    for (int id : ids) {
      text.append(decoder.append(id));
    }
    return text.append(decoder.flush()).toString();
  }

  default int vocabSize() {
    return vocabulary().size();
  }

  /** The token as the model file writes it, for display. */
  default String piece(int id) {
    return vocabulary().piece(id);
  }

  /** Whether the token steers the model and adds nothing to a text. */
  default boolean isControl(int id) {
    return vocabulary().type(id) == TokenType.CONTROL;
  }

  /** Whether the model ends its turn with this token: EOS, EOT or a well-known mark of a turn. */
  default boolean isEndOfGeneration(int id) {
    return vocabulary().isEndOfGeneration(id);
  }

  default OptionalInt bosId() {
    return vocabulary().bosId();
  }

  default OptionalInt eosId() {
    return vocabulary().eosId();
  }

  /** Whether the model wants BOS before a text. */
  default boolean addsBos() {
    return vocabulary().addsBos();
  }
}
