package dev.baton.platform.chat;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.baton.engine.GenerationEvent.Alternative;
import dev.baton.engine.GenerationEvent.GeneratedToken;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Log-probabilities of generated tokens. */
record Logprobs(List<TokenLogprob> content) {

  /**
   * One token.
   *
   * @param token its text, with U+FFFD where its bytes alone are no text
   * @param bytes its bytes as unsigned numbers
   */
  record TokenLogprob(
      String token,
      float logprob,
      int[] bytes,
      @JsonProperty("top_logprobs") List<TopLogprob> topLogprobs) {}

  /** A likely token at that position. */
  record TopLogprob(String token, float logprob, int[] bytes) {}

  static TokenLogprob of(GeneratedToken token) {
    return new TokenLogprob(
        text(token.bytes()),
        token.logprob(),
        unsigned(token.bytes()),
        token.top().stream().map(Logprobs::of).toList());
  }

  private static TopLogprob of(Alternative alternative) {
    return new TopLogprob(
        text(alternative.bytes()), alternative.logprob(), unsigned(alternative.bytes()));
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static int[] unsigned(byte[] bytes) {
    int[] values = new int[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      values[i] = Byte.toUnsignedInt(bytes[i]);
    }
    return values;
  }
}
