package dev.baton.engine.model;

import dev.baton.engine.gguf.GgufValue;
import dev.baton.engine.gguf.GgufWriter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The vocabulary of a {@link RandomModel}: byte-pair merges learnt on a page of English, then
 * random ones over letters until the wanted size is reached. It tokenises real text sensibly,
 * though the model that uses it says nothing sensible.
 */
final class RandomVocabulary {
  private static final int NORMAL = 1;
  private static final int UNKNOWN = 2;
  private static final int CONTROL = 3;
  private static final int BYTE = 6;

  private static final int LONGEST_RANDOM_TOKEN = 14;
  private static final Pattern PUNCTUATION = Pattern.compile("[.,;?!\"(){}\\[\\]+<=:]");
  private static final Comparator<Merge> BY_TEXT =
      Comparator.comparing(Merge::left).thenComparing(Merge::right);

  private static final String CORPUS =
      """
      You are a helpful assistant for the customers of this company. Answer every question
      politely, and only from the policy below. If the policy does not say, tell the customer that
      you do not know and offer to open a ticket. The quick brown fox jumps over the lazy dog while
      the sun is shining on the river and the children are playing. Our service runs many models
      for many tenants at once, and each tenant has its own system prompt, its own quota and its
      own keys. When a request arrives the server takes it from the queue, adds it to the running
      batch, and streams the tokens back as they are produced. A long system prompt is computed
      once, stored once and shared by all of the requests. Memory bandwidth, not arithmetic, limits
      the speed of decoding; therefore reading the shared keys and values once for the whole batch
      saves most of the time. What is the capital of France? The capital of France is Paris. Where
      does the water go? How much does shipping cost? When will my order arrive? Please write a
      short story about a small robot that wanted to see the ocean. There was once a small robot in
      a large house near the mountains. Every morning it looked through the window and dreamed of
      water. One day the door was open, and the robot went out into the world. public static void
      main(String[] args) { for (int i = 0; i < n; i++) { System.out.println(values[i] + 1); }
      return; } In the year 2024 there were 365 days, 12 months and 52 weeks; 100 percent of 1000
      users said "yes, it's great, we're happy".
      """;

  private static final String LLAMA2_TEMPLATE =
      "{{ bos_token }}{% if messages[0]['role'] == 'system' %}"
          + "{% set sys = '<<SYS>>\\n' + messages[0]['content'] + '\\n<</SYS>>\\n\\n' %}"
          + "{% set rest = messages[1:] %}{% else %}{% set sys = '' %}{% set rest = messages %}"
          + "{% endif %}{% for m in rest %}{% if m['role'] == 'user' %}"
          + "{{ '[INST] ' + (sys if loop.index0 == 0 else '') + m['content'] + ' [/INST]' }}"
          + "{% else %}{{ ' ' + m['content'] + ' ' + eos_token }}{% endif %}{% endfor %}";
  private static final String LLAMA3_TEMPLATE =
      "{{ bos_token }}{% for m in messages %}"
          + "{{ '<|start_header_id|>' + m['role'] + '<|end_header_id|>\\n\\n'"
          + " + m['content'] + '<|eot_id|>' }}"
          + "{% endfor %}{% if add_generation_prompt %}"
          + "{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}";
  private static final String CHATML_TEMPLATE =
      "{% for m in messages %}"
          + "{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>\\n' }}"
          + "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

  private record Merge(String left, String right) {
    String joined() {
      return left + right;
    }
  }

  private RandomVocabulary() {}

  /** Writes the {@code tokenizer.*} keys of a SentencePiece-style vocabulary, as Llama 2 has it. */
  static void writeSentencePiece(GgufWriter file, int size, long seed) {
    List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
    IntStream.range(0, 256).forEach(b -> tokens.add("<0x%02X>".formatted(b)));
    int pieces = tokens.size();
    List<String> characters = new ArrayList<>(List.of("▁"));
    addCharacters(characters, 33, 127);
    "éèüöäñç你好世界’".codePoints().mapToObj(Character::toString).forEach(characters::add);
    int room = size - pieces - characters.size();
    requireRoom(room, size);
    mergesOf("▁", new HashSet<>(characters), room, seed).forEach(m -> tokens.add(m.joined()));
    tokens.addAll(characters);
    int[] types = new int[size];
    double[] scores = new double[size];
    for (int i = 0; i < size; i++) {
      types[i] = i == 0 ? UNKNOWN : i < 3 ? CONTROL : i < pieces ? BYTE : NORMAL;
      // Earlier merges are worth more; the first is -0.0, and the file has that sign.
      scores[i] = i < pieces ? 0 : -(double) (i - pieces);
    }
    file.metadata("tokenizer.ggml.model", GgufValue.text("llama"))
        .metadata("tokenizer.ggml.tokens", GgufValue.texts(tokens))
        .metadata("tokenizer.ggml.scores", GgufValue.float32s(scores))
        .metadata("tokenizer.ggml.token_type", GgufValue.int32s(types))
        .metadata("tokenizer.ggml.bos_token_id", GgufValue.uint32(1))
        .metadata("tokenizer.ggml.eos_token_id", GgufValue.uint32(2))
        .metadata("tokenizer.ggml.unknown_token_id", GgufValue.uint32(0))
        .metadata("tokenizer.ggml.add_bos_token", GgufValue.flag(true))
        .metadata("tokenizer.ggml.add_eos_token", GgufValue.flag(false))
        .metadata("tokenizer.ggml.add_space_prefix", GgufValue.flag(true))
        .metadata("tokenizer.chat_template", GgufValue.text(LLAMA2_TEMPLATE));
  }

  /** Writes the {@code tokenizer.*} keys of a byte-level BPE vocabulary, as Llama 3 or Qwen. */
  static void writeBytePairs(GgufWriter file, boolean llama, int size, long seed) {
    List<String> tokens = new ArrayList<>();
    addCharacters(tokens, 33, 127);
    addCharacters(tokens, 161, 173);
    addCharacters(tokens, 174, 256);
    // The other bytes, in order, stand as the characters from U+0100 on.
    addCharacters(tokens, 256, 256 + 256 - tokens.size());
    List<String> special =
        llama
            ? List.of(
                "<|begin_of_text|>",
                "<|end_of_text|>",
                "<|start_header_id|>",
                "<|end_header_id|>",
                "<|eot_id|>")
            : List.of("<|endoftext|>", "<|im_start|>", "<|im_end|>");
    int room = size - tokens.size() - special.size();
    requireRoom(room, size);
    String space = Character.toString(0x120);
    List<Merge> merges = mergesOf(space, new HashSet<>(tokens), room, seed);
    merges.forEach(m -> tokens.add(m.joined()));
    int firstSpecial = tokens.size();
    tokens.addAll(special);
    int[] types = new int[size];
    for (int i = 0; i < size; i++) {
      types[i] = i < firstSpecial ? NORMAL : CONTROL;
    }
    file.metadata("tokenizer.ggml.model", GgufValue.text("gpt2"))
        .metadata("tokenizer.ggml.pre", GgufValue.text(llama ? "llama-bpe" : "qwen2"))
        .metadata("tokenizer.ggml.tokens", GgufValue.texts(tokens))
        .metadata("tokenizer.ggml.token_type", GgufValue.int32s(types))
        .metadata(
            "tokenizer.ggml.merges",
            GgufValue.texts(merges.stream().map(m -> m.left + " " + m.right).toList()))
        .metadata("tokenizer.ggml.bos_token_id", GgufValue.uint32(firstSpecial));
    if (llama) {
      file.metadata("tokenizer.ggml.eos_token_id", GgufValue.uint32(firstSpecial + 1))
          .metadata("tokenizer.ggml.eot_token_id", GgufValue.uint32(firstSpecial + 4));
    } else {
      file.metadata("tokenizer.ggml.eos_token_id", GgufValue.uint32(firstSpecial + 2))
          .metadata("tokenizer.ggml.padding_token_id", GgufValue.uint32(firstSpecial));
    }
    file.metadata("tokenizer.ggml.add_bos_token", GgufValue.flag(llama))
        .metadata("tokenizer.ggml.add_eos_token", GgufValue.flag(false))
        .metadata(
            "tokenizer.chat_template", GgufValue.text(llama ? LLAMA3_TEMPLATE : CHATML_TEMPLATE));
  }

  private static void addCharacters(List<String> tokens, int from, int to) {
    IntStream.range(from, to).forEach(c -> tokens.add(Character.toString(c)));
  }

  private static void requireRoom(int room, int size) {
    if (room < 0) {
      throw new IllegalArgumentException(
          "a vocabulary of %d tokens lacks %d for bytes and special tokens".formatted(size, -room));
    }
  }

  /** {@code count} merges with unlike results; a word's first symbol has {@code space} in front. */
  private static List<Merge> mergesOf(String space, Set<String> alphabet, int count, long seed) {
    List<Merge> merges = new ArrayList<>();
    Set<String> made = new HashSet<>();
    learn(wordsOf(space, alphabet), count, merges, made);
    invent(space, count, seed, merges, made);
    return merges;
  }

  private static Map<List<String>, Integer> wordsOf(String space, Set<String> alphabet) {
    Map<List<String>, Integer> words = new LinkedHashMap<>();
    for (String text : CORPUS.strip().split("\\s+")) {
      String prefix = space;
      for (String part : PUNCTUATION.matcher(text).replaceAll(" $0 ").strip().split("\\s+")) {
        List<String> symbols =
            (prefix + part).codePoints().mapToObj(Character::toString).collect(Collectors.toList());
        prefix = "";
        if (alphabet.containsAll(symbols)) {
          words.merge(symbols, 1, Integer::sum);
        }
      }
    }
    return words;
  }

  /**
   * Byte-pair encoding: again and again joins the most frequent pair, the smallest among equals.
   */
  private static void learn(
      Map<List<String>, Integer> words, int count, List<Merge> merges, Set<String> made) {
    while (merges.size() < count) {
      Map<Merge, Integer> frequency = new HashMap<>();
      words.forEach((symbols, times) -> {
        for (int i = 1; i < symbols.size(); i++) {
          frequency.merge(new Merge(symbols.get(i - 1), symbols.get(i)), times, Integer::sum);
        }
      });
      if (frequency.isEmpty() || Collections.max(frequency.values()) < 2) {
        return;
      }
      int most = Collections.max(frequency.values());
      Merge best =
          frequency.entrySet().stream()
              .filter(entry -> entry.getValue() == most)
              .map(Map.Entry::getKey)
              .min(BY_TEXT)
              .orElseThrow();
      Map<List<String>, Integer> merged = new LinkedHashMap<>();
      words.forEach((symbols, times) -> merged.merge(joined(symbols, best), times, Integer::sum));
      words = merged;
      if (made.add(best.joined())) {
        merges.add(best);
      }
    }
  }

  private static List<String> joined(List<String> symbols, Merge merge) {
    List<String> joined = new ArrayList<>();
    for (int i = 0; i < symbols.size(); i++) {
      if (i + 1 < symbols.size()
          && symbols.get(i).equals(merge.left)
          && symbols.get(i + 1).equals(merge.right)) {
        joined.add(merge.joined());
        i++;
      } else {
        joined.add(symbols.get(i));
      }
    }
    return joined;
  }

  /** Fills up with random pairs of pieces made of letters. */
  private static void invent(
      String space, int count, long seed, List<Merge> merges, Set<String> made) {
    List<String> continuations = new ArrayList<>();
    addCharacters(continuations, 'a', 'z' + 1);
    for (Merge merge : merges) {
      if (merge.joined().matches("[A-Za-z]+")) {
        continuations.add(merge.joined());
      }
    }
    List<String> beginnings = new ArrayList<>(continuations);
    for (Merge merge : merges) {
      if (merge.joined().startsWith(space)) {
        beginnings.add(merge.joined());
      }
    }
    for (long k = 0; merges.size() < count; k++) {
      long random = RandomWeights.mix(seed * 1000003 + k);
      String left = beginnings.get((int) Long.remainderUnsigned(random, beginnings.size()));
      String right = continuations.get((int) ((random >>> 32) % continuations.size()));
      if (left.length() + right.length() > LONGEST_RANDOM_TOKEN) {
        continue;
      }
      String token = left + right;
      if (!made.add(token)) {
        continue;
      }
      merges.add(new Merge(left, right));
      beginnings.add(token);
      if (!token.startsWith(space)) {
        continuations.add(token);
      }
    }
  }
}
