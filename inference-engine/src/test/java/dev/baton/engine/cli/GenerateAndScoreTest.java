package dev.baton.engine.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.baton.engine.model.RandomModelSpec;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The commands that run a model, on a real engine with random weights. */
final class GenerateAndScoreTest {
  private static final JsonMapper JSON = JsonMapper.shared();
  private static final Logger ENGINE_LOG = Logger.getLogger("dev.baton.engine");

  @TempDir static Path folder;
  private static String model = "";

  @BeforeAll
  static void makeModel() throws IOException {
    ENGINE_LOG.setLevel(Level.WARNING);
    Path path = folder.resolve("model.gguf");
    RandomModelSpec.tiny().vocabSize(2048).architecture("qwen2").writeTo(path);
    model = path.toString();
  }

  /** The lines that a command prints, each one parsed. */
  private static List<JsonNode> json(String... args) {
    return output(args).lines().map(JSON::readTree).toList();
  }

  private static String output(String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int code = BatonTools.run(InputStream.nullInputStream(), out, err, args);
    assertThat(err.toString(StandardCharsets.UTF_8)).isEmpty();
    assertThat(code).isZero();
    return out.toString(StandardCharsets.UTF_8);
  }

  @Test
  void aBatchBehindOneSystemKvSaysWhatEachSequenceSaysAlone() throws IOException {
    Path users = Files.writeString(folder.resolve("users"), "5,6,7\n\n8\n10, 11, 12, 13\n");
    List<JsonNode> batch =
        json(
            "generate",
            "--model",
            model,
            "--system-ids",
            "1,2,3,4",
            "--users",
            users.toString(),
            "--max-tokens",
            "4",
            "--ignore-eos",
            "--relay",
            "on",
            "--json");
    String[] prompts = {"1,2,3,4,5,6,7", "1,2,3,4,8", "1,2,3,4,10,11,12,13"};

    assertThat(batch).hasSize(3);
    for (int i = 0; i < prompts.length; i++) {
      JsonNode alone =
          json(
                  "generate",
                  "--model",
                  model,
                  "--prompt-ids",
                  prompts[i],
                  "--max-tokens",
                  "4",
                  "--ignore-eos",
                  "--relay",
                  "off",
                  "--json")
              .getFirst();
      assertThat(batch.get(i).get("promptIds")).isEqualTo(alone.get("promptIds"));
      assertThat(batch.get(i).get("promptIds").toString()).isEqualTo("[" + prompts[i] + "]");
      assertThat(batch.get(i).get("ids")).isEqualTo(alone.get("ids"));
      assertThat(batch.get(i).get("text")).isEqualTo(alone.get("text"));
      assertThat(batch.get(i).get("finishReason").stringValue()).isEqualTo("length");
    }
  }

  @Test
  void scoringWhatWasGeneratedFindsTheSameLogits() {
    JsonNode generated =
        json(
                "generate",
                "--model",
                model,
                "--prompt-ids",
                "1,2,3",
                "--max-tokens",
                "3",
                "--ignore-eos",
                "--top-logprobs",
                "2",
                "--json")
            .getFirst();
    String ids = generated.get("ids").toString().replaceAll("[\\[\\]]", "");
    JsonNode scored =
        json(
                "score",
                "--model",
                model,
                "--system-ids",
                "1",
                "--prompt-ids",
                "2,3",
                "--continuation-ids",
                ids,
                "--top-logprobs",
                "2",
                "--json")
            .getFirst();

    assertThat(scored.get("ids")).isEqualTo(generated.get("ids"));
    for (int i = 0; i < 3; i++) {
      JsonNode said = generated.get("steps").get(i);
      JsonNode found = scored.get("steps").get(i);
      assertThat(found.get("id")).isEqualTo(said.get("id"));
      assertThat(found.get("logit").doubleValue())
          .isCloseTo(said.get("logit").doubleValue(), within(1e-3));
      assertThat(found.get("logprob").doubleValue())
          .isCloseTo(said.get("logprob").doubleValue(), within(1e-3));
      assertThat(said.get("top").get(0).get("id")).isEqualTo(said.get("id"));
      assertThat(found.get("top").get(1).get("id")).isEqualTo(said.get("top").get(1).get("id"));
    }
  }

  @Test
  void aPromptOfTextIsAChatAndShowsItsIds() {
    JsonNode chat =
        json(
                "generate",
                "--model",
                model,
                "--system",
                "Be terse.",
                "--prompt",
                "Hi <|im_end|>",
                "--max-tokens",
                "1",
                "--json")
            .getFirst();
    String expected =
        output(
            "tokenize",
            "--model",
            model,
            "--parse-special",
            "<|im_start|>system\nBe terse.<|im_end|>\n<|im_start|>user\nHi ");

    assertThat(chat.get("promptIds").toString()).startsWith("[" + expected.strip());
    assertThat(chat.get("ids")).hasSize(1);
  }
}
