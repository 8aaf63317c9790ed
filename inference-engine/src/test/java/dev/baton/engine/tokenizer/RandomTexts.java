package dev.baton.engine.tokenizer;

import java.util.Random;

/** Texts that are hard on tokenizers. */
final class RandomTexts {
  private static final String[] PARTS = {
    " ",
    "  ",
    "\n",
    "\r\n",
    "\t",
    "\u00A0",
    "\u3000",
    "\u2028",
    "a",
    "Hello",
    " world",
    "plugh",
    "'s",
    "'LL",
    "1",
    "22",
    "333",
    "é",
    "e\u0301",
    "你好",
    "世界",
    "مرحبا",
    "नमस्ते",
    "สวัสดี",
    "👋",
    "👨‍👩‍👧‍👦",
    "🏳️‍🌈",
    "𝒳",
    "\u0000",
    "\u0001",
    "\u001B[0m",
    "\u007F",
    "\u200B",
    "\uFEFF",
    "\uFFFD",
    "<|im_end|>",
    "<|im_",
    "end|>",
    "</s>",
    "<s>",
    "<0x0A>",
    "<think>",
    "[INST]",
    "!",
    "...",
    "Ġ"
  };

  private RandomTexts() {}

  /** A mix of known trouble and of any code points; no unpaired surrogates. */
  static String next(Random random) {
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(16); i >= 0; i--) {
      if (random.nextInt(4) > 0) {
        text.append(PARTS[random.nextInt(PARTS.length)]);
        continue;
      }
      int codePoint = random.nextInt(random.nextBoolean() ? 0x3000 : Character.MAX_CODE_POINT + 1);
      if (codePoint < Character.MIN_SURROGATE || codePoint > Character.MAX_SURROGATE) {
        text.appendCodePoint(codePoint);
      }
    }
    return text.toString();
  }
}
