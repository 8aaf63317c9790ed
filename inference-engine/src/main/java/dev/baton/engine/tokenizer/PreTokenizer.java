package dev.baton.engine.tokenizer;

import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * How byte-level BPE cuts text into the words within which it merges: the regular expressions that
 * the models were trained with, by the names that {@code tokenizer.ggml.pre} uses.
 *
 * <p>Each expression cuts what the one before left in one piece; what an expression does not match
 * is a piece, too. Classes are Unicode's: {@code \p{IsWhite_Space}} stands for the {@code \s} of
 * other regex dialects, which Java reads as ASCII. No expression has a repeated group, so matching
 * needs no stack per character, and backtracking gives back a run once: the cost is linear.
 */
enum PreTokenizer {
  GPT2(
      false,
      false,
      List.of(Expressions.GPT2),
      "gpt-2",
      "gpt2",
      "phi-2",
      "jina-es",
      "jina-de",
      "mpt",
      "olmo",
      "jais",
      "trillion",
      "granite-docling"),
  LLAMA3(
      true,
      true,
      List.of(Expressions.words("\\p{N}{1,3}", "\\r\\n")),
      "llama-bpe",
      "llama3",
      "llama-v3",
      "falcon3",
      "falcon-h1",
      "pixtral",
      "midm-2.0",
      "lfm2"),
  LLAMA3_MERGING(
      false,
      false,
      List.of(Expressions.words("\\p{N}{1,3}", "\\r\\n")),
      "smaug-bpe",
      "dbrx",
      "chatglm-bpe",
      "glm4"),
  QWEN2(
      false,
      false,
      List.of(Expressions.words("\\p{N}", "\\r\\n")),
      "qwen2",
      "deepseek-r1-qwen",
      "stablelm2",
      "hunyuan",
      "solar-open"),
  SINGLE_DIGITS(
      false,
      false,
      List.of("\\p{N}", Expressions.GPT2),
      "smollm",
      "starcoder",
      "refact",
      "command-r",
      "codeshell",
      "exaone",
      "minerva-7b",
      "granite"),
  TEKKEN(true, true, List.of(Expressions.casedWords("", "\\p{N}")), "tekken"),
  GPT4O(
      false,
      false,
      List.of(Expressions.casedWords(Expressions.CONTRACTION + "?", "\\p{N}{1,3}")),
      "gpt-4o",
      "llama4",
      "kanana2"),
  DEEPSEEK_V3(
      false,
      false,
      List.of(
          "\\p{N}{1,3}",
          "[一-龥\\u3040-ゟ゠-ヿ]+",
          "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+"
              + "|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+"
              + "| ?[\\p{P}\\p{S}]+[\\r\\n]*"
              + Expressions.SPACES),
      "deepseek-v3",
      "hunyuan-dense"),
  DEFAULT(
      false,
      false,
      List.of("[\\p{P}$+<=>^~|]+", Expressions.GPT2, "\\p{N}+", "[0-9][0-9][0-9]"),
      "default");

  /** Parts that several pre-tokenizers share. */
  private static final class Expressions {
    static final String SPACE = "\\p{IsWhite_Space}";
    static final String SPACES =
        "|" + SPACE + "*[\\r\\n]+|" + SPACE + "+(?!\\P{IsWhite_Space})|" + SPACE + "+";
    static final String CONTRACTION = "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])";
    static final String GPT2 =
        "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^"
            + SPACE
            + "\\p{L}\\p{N}]+|"
            + SPACE
            + "+(?!\\P{IsWhite_Space})|"
            + SPACE
            + "+";

    static String words(String digits, String lineEnds) {
      return CONTRACTION
          + "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|"
          + digits
          + "| ?[^"
          + SPACE
          + "\\p{L}\\p{N}]+["
          + lineEnds
          + "]*"
          + SPACES;
    }

    /** Words also end before an upper-case letter that follows a lower-case one. */
    static String casedWords(String ending, String digits) {
      String upper = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
      String lower = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
      String lead = "[^\\r\\n\\p{L}\\p{N}]?";
      return lead
          + (upper + "*" + lower + "+" + ending + "|" + lead)
          + (upper + "+" + lower + "*" + ending + "|")
          + digits
          + ("| ?[^" + SPACE + "\\p{L}\\p{N}]+[\\r\\n/]*")
          + SPACES;
    }
  }

  private final boolean ignoresMerges;
  private final boolean addsBos;

  @SuppressWarnings("ImmutableEnumChecker") // a list that can not be changed, of immutable patterns
  private final List<Pattern> patterns;

  @SuppressWarnings("ImmutableEnumChecker") // a list that can not be changed
  private final List<String> names;

  PreTokenizer(boolean ignoresMerges, boolean addsBos, List<String> expressions, String... names) {
    this.ignoresMerges = ignoresMerges;
    this.addsBos = addsBos;
    this.patterns = expressions.stream().map(Pattern::compile).toList();
    this.names = List.of(names);
  }

  /** The pre-tokenizer of that name; files from before the key existed get the default one. */
  static PreTokenizer named(@Nullable String name) {
    if (name == null) {
      return DEFAULT;
    }
    for (PreTokenizer preTokenizer : values()) {
      if (preTokenizer.names.contains(name)) {
        return preTokenizer;
      }
    }
    throw new EngineException(
        ErrorCode.MODEL_UNSUPPORTED,
        "tokenizer.ggml.pre is \"%s\"; Baton knows %s"
            .formatted(
                name,
                Arrays.stream(values())
                    .flatMap(known -> known.names.stream())
                    .collect(Collectors.joining(", "))));
  }

  /** One of its names. */
  String firstName() {
    return names.getFirst();
  }

  /** Whether a word that is a token stays whole, even where merges would not lead to it. */
  boolean ignoresMerges() {
    return ignoresMerges;
  }

  /** Whether a model wants BOS when its file does not say. */
  boolean addsBos() {
    return addsBos;
  }

  /** Ends of the words of {@code text[start, end)}, in order; the last one is {@code end}. */
  IntList wordEnds(String text, int start, int end) {
    IntList ends = new IntList();
    if (start < end) {
      ends.add(end);
    }
    for (Pattern pattern : patterns) {
      Matcher matcher = pattern.matcher(text);
      IntList finer = new IntList();
      int from = start;
      for (int i = 0; i < ends.size(); i++) {
        int to = ends.get(i);
        matcher.region(from, to);
        while (matcher.find()) {
          if (matcher.start() > from) {
            finer.add(matcher.start());
          }
          finer.add(matcher.end());
          from = matcher.end();
        }
        if (from < to) {
          finer.add(to);
        }
        from = to;
      }
      ends = finer;
    }
    return ends;
  }
}
