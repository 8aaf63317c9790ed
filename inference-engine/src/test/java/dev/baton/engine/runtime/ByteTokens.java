package dev.baton.engine.runtime;

import dev.baton.engine.tokenizer.Tokenizer;
import dev.baton.engine.tokenizer.TokenizerSpec;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** A tokenizer with one token a byte: id = byte + 3, behind {@code <unk>}, BOS and EOS. */
final class ByteTokens {
  static final int BOS = 1;
  static final int EOS = 2;
  static final int VOCAB_SIZE = 259;

  private ByteTokens() {}

  static Tokenizer tokenizer() {
    String[] tokens = new String[VOCAB_SIZE];
    float[] scores = new float[VOCAB_SIZE];
    int[] types = new int[VOCAB_SIZE];
    tokens[0] = "<unk>";
    types[0] = 2;
    tokens[BOS] = "<s>";
    types[BOS] = 3;
    tokens[EOS] = "</s>";
    types[EOS] = 3;
    for (int b = 0; b < 256; b++) {
      tokens[3 + b] = String.format(Locale.ROOT, "<0x%02X>", b);
      types[3 + b] = 6;
    }
    return Tokenizer.from(
        new TokenizerSpec(
            "llama", null, tokens, scores, types, null, BOS, EOS, null, 0, true, false, false));
  }

  static int[] ids(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    int[] ids = new int[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      ids[i] = 3 + (bytes[i] & 0xFF);
    }
    return ids;
  }

  /** A chat as {@code <s>system prompt\nrole:content\n…}. */
  static final String TEMPLATE =
      "{% for m in messages %}{% if m.role == 'system' %}{{ m.content }}\n"
          + "{% else %}{{ m.role }}:{{ m.content }}\n{% endif %}{% endfor %}";
}
