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
 * is a piece, too. They are written as published, where {@code \s} means Unicode's white space;
 * Java reads it as ASCII's, so it is replaced. No expression has a repeated group, so matching
 * needs no stack per character, and backtracking gives back a run once: the cost is linear.
 */
enum PreTokenizer {
  GPT2(
      false,
      false,
      List.of(Expressions.GPT2),
      "gpt-2",
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
      List.of(Expressions.words("\\p{N}{1,3}")),
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
      List.of(Expressions.words("\\p{N}{1,3}")),
      "smaug-bpe",
      "dbrx",
      "chatglm-bpe",
      "glm4"),
  QWEN2(
      false,
      false,
      List.of(Expressions.words("\\p{N}")),
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
      "minerva-7b"),
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
  DEEPSEEK_LLM(
      false,
      false,
      List.of(
          "[\\r\\n]",
          "\\s?\\p{LC}+",
          "\\s?[!-/:-~！-／：-～‘-‟\\u3000-。]+",
          // The published \s+$ would be tried anew at each space of a run.
          "(?<!\\s)\\s+\\z",
          "[一-龥ࠀ-一가-\\uD7FF]+",
          "\\p{N}+"),
      "deepseek-llm"),
  DEEPSEEK_CODER(
      false,
      false,
      List.of("[\\r\\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", "[一-龥ࠀ-一가-\\uD7FF]+", "\\p{N}"),
      "deepseek-coder"),
  DEFAULT(
      false,
      false,
      List.of("[\\p{P}$+<=>^~|]+", Expressions.GPT2, "\\p{N}+", "[0-9][0-9][0-9]"),
      "default");

  /** Parts that several pre-tokenizers share. */
  private static final class Expressions {
    static final String CONTRACTION = "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])";
    static final String SPACES = "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    static final String GPT2 =
        "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

    static String words(String digits) {
      return CONTRACTION
          + ("|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|" + digits)
          + ("| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*" + SPACES);
    }

    /** Words also end before an upper-case letter that follows a lower-case one. */
    static String casedWords(String ending, String digits) {
      String upper = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
      String lower = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
      String lead = "[^\\r\\n\\p{L}\\p{N}]?";
      return (lead + upper + "*" + lower + "+" + ending + "|")
          + (lead + upper + "+" + lower + "*" + ending + "|" + digits)
          + ("| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*" + SPACES);
    }

    static Pattern compile(String expression) {
      return Pattern.compile(
          expression.replace("\\s", "\\p{IsWhite_Space}").replace("\\S", "\\P{IsWhite_Space}"));
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
    this.patterns = expressions.stream().map(Expressions::compile).toList();
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
