package dev.baton.platform.bench;

import java.util.Random;

/** English text of about as many tokens as asked for; no two are alike. */
final class Words {
  private static final String[] VOCABULARY =
      ("the order was shipped on monday and your parcel should arrive within three working days please check"
              + " that address before you answer our customers kindly ask for a receipt when they return goods we"
              + " open at nine in the morning and close at six every day except sunday all prices include tax if"
              + " you need help with an account first confirm the email then look up what happened last week")
          .split(" ");

  private final double tokensPerWord;

  /**
   * @param tokensPerWord of this vocabulary under the server's tokenizer
   */
  Words(double tokensPerWord) {
    this.tokensPerWord = tokensPerWord;
  }

  String text(int tokens, long seed) {
    return words((int) Math.max(1, Math.round(tokens / tokensPerWord)), seed);
  }

  static String words(int count, long seed) {
    Random random = new Random(seed);
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < count; i++) {
      text.append(i == 0 ? "" : " ").append(VOCABULARY[random.nextInt(VOCABULARY.length)]);
    }
    return text.toString();
  }
}
