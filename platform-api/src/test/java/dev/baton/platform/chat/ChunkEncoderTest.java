package dev.baton.platform.chat;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.FinishReason;
import dev.baton.engine.GenerationEvent;
import dev.baton.engine.TokenUsage;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The frames of a stream are those that a JSON parser takes for OpenAI's chunks. */
class ChunkEncoderTest {
  private static final JsonMapper JSON = JsonMapper.shared();
  private static final AnswerHead HEAD =
      new AnswerHead("chatcmpl-1", 7, "a \"content\":\"\" model", "fp_\"content\":\"\"");

  private static ChunkEncoder encoder(boolean usage) {
    String body =
        """
        {"model":"m","stream":true,"stream_options":{"include_usage":%s},\
        "messages":[{"role":"user","content":"?"}]}\
        """
            .formatted(usage);
    return new ChunkEncoder(
        JSON, HEAD, new RequestReader(JSON).read(body.getBytes(StandardCharsets.UTF_8)));
  }

  private static GenerationEvent token(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return new GenerationEvent.Token(
        new GenerationEvent.GeneratedToken(1, bytes, 1f, -0.5f, List.of()), text);
  }

  private static List<JsonNode> chunks(String frames) {
    List<JsonNode> chunks = new ArrayList<>();
    assertThat(frames).endsWith("\n\n");
    for (String frame : frames.split("\n\n")) {
      assertThat(frame).startsWith("data: ").doesNotContain("\n");
      if (!frame.equals("data: [DONE]")) {
        chunks.add(JSON.readTree(frame.substring("data: ".length())));
      }
    }
    return chunks;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "word",
        "\"content\":\"\"",
        "a \\ \" \n\r\t \b\f \0 \u001f \u007f",
        "\u2028\u2029 ä 漢 😀 \u202e",
        "</script>",
        "data: [DONE]\n\n"
      })
  void aTokensTextIsItsDeltaWhateverItHolds(String text) {
    for (boolean usage : new boolean[] {true, false}) {
      List<JsonNode> chunks =
          chunks(
              encoder(usage)
                  .frames(List.of(new GenerationEvent.Started(3, 0), token(text), token("."))));
      assertThat(chunks).hasSize(3);
      for (JsonNode chunk : chunks) {
        assertThat(chunk.propertyNames())
            .startsWith("id", "object", "created", "model", "system_fingerprint", "choices");
        assertThat(chunk.has("usage")).isEqualTo(usage);
        assertThat(chunk.path("model").stringValue()).isEqualTo(HEAD.model());
        assertThat(chunk.path("system_fingerprint").stringValue())
            .isEqualTo(HEAD.systemFingerprint());
        assertThat(chunk.path("choices").path(0).path("finish_reason").isNull()).isTrue();
        assertThat(chunk.path("choices").path(0).path("logprobs").isNull()).isTrue();
      }
      assertThat(chunks.get(0).path("choices").path(0).path("delta").toString())
          .isEqualTo("{\"role\":\"assistant\",\"content\":\"\"}");
      assertThat(chunks.get(1).path("choices").path(0).path("delta").propertyNames())
          .containsExactly("content");
      assertThat(chunks.get(1).at("/choices/0/delta/content").stringValue()).isEqualTo(text);
      assertThat(chunks.get(2).at("/choices/0/delta/content").stringValue()).isEqualTo(".");
    }
  }

  @Test
  void theEndTellsWhatWasHeldBackAndWhyAndTheUsage() {
    TokenUsage usage = new TokenUsage(3, 2, 1, Duration.ZERO, Duration.ZERO, Duration.ZERO);
    String frames =
        encoder(true)
            .frames(
                List.of(token(""), new GenerationEvent.Finished(FinishReason.STOP, "end", usage)));
    List<JsonNode> chunks = chunks(frames);
    assertThat(chunks).hasSize(4);
    assertThat(chunks.get(1).at("/choices/0/delta/content").stringValue()).isEqualTo("end");
    assertThat(chunks.get(2).at("/choices/0/finish_reason").stringValue()).isEqualTo("stop");
    assertThat(chunks.get(2).at("/choices/0/delta").isEmpty()).isTrue();
    assertThat(chunks.get(3).at("/usage/total_tokens").intValue()).isEqualTo(4);
    assertThat(frames).endsWith("data: [DONE]\n\n");
  }
}
