package dev.baton.engine.tokenizer;

import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The tokens of a model, checked and indexed: their texts, what they stand for, which end a turn.
 */
public final class Vocabulary {

  /** The two kinds of tokenizer, by their {@code tokenizer.ggml.model}. */
  enum Model {
    SENTENCE_PIECE("llama"),
    BYTE_LEVEL_BPE("gpt2");

    private final String key;

    Model(String key) {
      this.key = key;
    }

    static Model named(@Nullable String name) {
      if (name == null) {
        throw invalid("model", "is missing");
      }
      for (Model model : values()) {
        if (model.key.equals(name)) {
          return model;
        }
      }
      throw new EngineException(
          ErrorCode.MODEL_UNSUPPORTED,
          "tokenizer.ggml.model is \"%s\"; Baton serves models with %s"
              .formatted(
                  name, Arrays.stream(values()).map(m -> m.key).collect(Collectors.joining(", "))));
    }
  }

  /**
   * Marks with which known models end a turn. Some files call them user-defined or normal tokens;
   * they are control tokens all the same, or a user could end somebody's turn by typing one.
   */
  private static final Set<String> TURN_ENDS =
      Set.of(
          "<|eot_id|>",
          "<|eom_id|>",
          "<|im_end|>",
          "<|end|>",
          "<|endoftext|>",
          "<|end_of_text|>",
          "<end_of_turn>",
          "<end_of_utterance>",
          "<EOT>",
          "_<EOT>",
          "[EOT]",
          "<｜end▁of▁sentence｜>");

  /** Ends a turn where it is a control token, but is also the HTML tag of struck-out text. */
  private static final String SENTENCE_END = "</s>";

  private final Model model;
  private final String[] tokens;
  private final TokenType[] types;
  private final Map<String, Integer> ids;
  private final BitSet endOfGeneration;
  private final SpecialTokens specialTokens;
  private final @Nullable Integer bosId;
  private final @Nullable Integer eosId;
  private final @Nullable Integer unknownId;
  private final boolean addsBos;
  private final boolean addsEos;

  private Vocabulary(
      Model model, String[] tokens, TokenType[] types, TokenizerSpec spec, boolean addsBos) {
    this.model = model;
    this.tokens = tokens;
    this.types = types;
    boolean sentencePiece = model == Model.SENTENCE_PIECE;
    ids = index(tokens);
    bosId = specialId("bos_token_id", spec.bosId(), sentencePiece ? 1 : -1, TokenType.CONTROL);
    eosId = specialId("eos_token_id", spec.eosId(), sentencePiece ? 2 : -1, TokenType.CONTROL);
    Integer eotId = specialId("eot_token_id", spec.eotId(), -1, TokenType.CONTROL);
    Integer unknown =
        specialId("unknown_token_id", spec.unknownId(), sentencePiece ? 0 : -1, TokenType.UNKNOWN);
    this.addsBos = Objects.requireNonNullElse(spec.addBos(), addsBos && bosId != null);
    addsEos = Objects.requireNonNullElse(spec.addEos(), false);
    if (this.addsBos && bosId == null) {
      throw invalid("bos_token_id", "is missing, but add_bos_token asks for one");
    }
    if (addsEos && eosId == null) {
      throw invalid("eos_token_id", "is missing, but add_eos_token asks for one");
    }
    endOfGeneration = new BitSet(tokens.length);
    takeAsControl(bosId);
    for (Integer end : new @Nullable Integer[] {eosId, eotId}) {
      takeAsControl(end);
      if (end != null) {
        endOfGeneration.set(end);
      }
    }
    specialTokens = new SpecialTokens();
    for (int id = 0; id < tokens.length; id++) {
      if (TURN_ENDS.contains(tokens[id])) {
        types[id] = TokenType.CONTROL;
        endOfGeneration.set(id);
      } else if (tokens[id].equals(SENTENCE_END) && types[id] == TokenType.CONTROL) {
        endOfGeneration.set(id);
      }
      boolean special =
          switch (types[id]) {
            case CONTROL, UNKNOWN, USER_DEFINED -> !tokens[id].isEmpty();
            case NORMAL, UNDEFINED, UNUSED, BYTE -> false;
          };
      if (special) {
        specialTokens.add(tokens[id], id, !isText(id));
      }
    }
    // Text that has no token becomes this one, so it must not steer the model.
    unknownId = unknown == null || types[unknown] == TokenType.CONTROL ? null : unknown;
  }

  static Vocabulary from(TokenizerSpec spec) {
    Model model = Model.named(spec.model());
    String[] tokens = spec.tokens();
    if (tokens == null || tokens.length == 0) {
      throw invalid("tokens", "is missing or empty");
    }
    int[] types = spec.types();
    if (types == null) {
      throw invalid("token_type", "is missing, so special tokens can not be told from text");
    }
    requireLength("token_type", types.length, tokens.length);
    TokenType[] tokenTypes = new TokenType[types.length];
    for (int id = 0; id < types.length; id++) {
      TokenType type = TokenType.of(types[id]);
      if (type == null) {
        throw invalid("token_type", "is %d for token %d, not 0 to 6".formatted(types[id], id));
      }
      tokenTypes[id] = type;
    }
    boolean addsBos =
        switch (model) {
          case SENTENCE_PIECE -> true;
          case BYTE_LEVEL_BPE -> PreTokenizer.named(spec.preTokenizer()).addsBos();
        };
    return new Vocabulary(model, tokens.clone(), tokenTypes, spec, addsBos);
  }

  private static Map<String, Integer> index(String[] tokens) {
    Map<String, Integer> ids = HashMap.newHashMap(tokens.length);
    for (int id = 0; id < tokens.length; id++) {
      // Some vocabularies are padded with tokens without a text; no text can mean them.
      Integer other = tokens[id].isEmpty() ? null : ids.putIfAbsent(tokens[id], id);
      if (other != null) {
        throw invalid(
            "tokens", "names \"%s\" twice, as %d and %d".formatted(tokens[id], other, id));
      }
    }
    return ids;
  }

  /** The id that the file names, else the usual one where a token of that type stands there. */
  private @Nullable Integer specialId(
      String key, @Nullable Integer id, int usual, TokenType usualType) {
    if (id == null) {
      return usual >= 0 && usual < tokens.length && types[usual] == usualType ? usual : null;
    }
    if (id < 0 || id >= tokens.length) {
      throw invalid(key, "is %d, but there are %d tokens".formatted(id, tokens.length));
    }
    return id;
  }

  private void takeAsControl(@Nullable Integer id) {
    if (id != null) {
      types[id] = TokenType.CONTROL;
    }
  }

  static void requireLength(String key, int length, int tokenCount) {
    if (length != tokenCount) {
      throw invalid(key, "has %d values for %d tokens".formatted(length, tokenCount));
    }
  }

  static EngineException invalid(String key, String problem) {
    return new EngineException(
        ErrorCode.MODEL_FILE_INVALID,
        "tokenizer.ggml.%s %s; convert the model to GGUF again".formatted(key, problem));
  }

  Model model() {
    return model;
  }

  SpecialTokens specialTokens() {
    return specialTokens;
  }

  /** The id of a token's text, or null. */
  @Nullable Integer idOf(String token) {
    return ids.get(token);
  }

  @Nullable Integer unknownId() {
    return unknownId;
  }

  /**
   * Whether merges may make the token and any text may hold it. A user-defined token may unless it
   * looks like markup: {@code <think>} or {@code <tool_response>} typed by a user would otherwise
   * be the very token with which a template marks thoughts and the results of tools.
   */
  boolean isText(int id) {
    return switch (types[id]) {
      case NORMAL, UNDEFINED, UNUSED -> true;
      case USER_DEFINED -> !isMarkup(tokens[id]);
      case CONTROL, UNKNOWN, BYTE -> false;
    };
  }

  private static boolean isMarkup(String token) {
    return token.length() > 2
        && ((token.startsWith("<") && token.endsWith(">"))
            || (token.startsWith("[") && token.endsWith("]")));
  }

  public int size() {
    return tokens.length;
  }

  public TokenType type(int id) {
    return types[Objects.checkIndex(id, types.length)];
  }

  /** The token as the model file writes it. */
  public String piece(int id) {
    return tokens[Objects.checkIndex(id, tokens.length)];
  }

  public boolean isEndOfGeneration(int id) {
    return endOfGeneration.get(id);
  }

  public OptionalInt bosId() {
    return bosId == null ? OptionalInt.empty() : OptionalInt.of(bosId);
  }

  public OptionalInt eosId() {
    return eosId == null ? OptionalInt.empty() : OptionalInt.of(eosId);
  }

  public boolean addsBos() {
    return addsBos;
  }

  public boolean addsEos() {
    return addsEos;
  }

  int[] withBosEos(int[] ids) {
    IntList result = new IntList();
    if (addsBos && bosId != null && (ids.length == 0 || ids[0] != bosId)) {
      result.add(bosId);
    }
    for (int id : ids) {
      result.add(id);
    }
    if (addsEos && eosId != null && (ids.length == 0 || ids[ids.length - 1] != eosId)) {
      result.add(eosId);
    }
    return result.toArray();
  }
}
