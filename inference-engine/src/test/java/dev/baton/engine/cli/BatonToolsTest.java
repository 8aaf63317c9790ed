package dev.baton.engine.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.model.RandomModelSpec;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class BatonToolsTest {
  @TempDir static Path folder;

  private static String chatMl = "";
  private static String sentencePiece = "";

  private record Run(int code, String out, String err) {}

  @BeforeAll
  static void makeModels() throws IOException {
    Path model = folder.resolve("chatml.gguf");
    RandomModelSpec.tiny().vocabSize(2048).architecture("qwen2").writeTo(model);
    chatMl = model.toString();
    model = folder.resolve("spm.gguf");
    RandomModelSpec.tiny().vocabSize(2048).tokenizer(RandomModelSpec.Tokenizer.SPM).writeTo(model);
    sentencePiece = model.toString();
  }

  private static Run run(String input, String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int code =
        BatonTools.run(
            new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)), out, err, args);
    return new Run(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  private static String file(String name, String content) {
    try {
      return Files.writeString(folder.resolve(name), content).toString();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void tokenizeAndDetokenizeAreInverse() {
    String text = "Größe, 3 × 漢字 👍\n<|im_end|>";
    for (String model : new String[] {chatMl, sentencePiece}) {
      Run ids = run(text, "tokenize", "--model", model, "-");
      Run back = run(ids.out(), "detokenize", "--model", model, "-");

      assertThat(ids.out()).matches("\\d+(,\\d+)*\n");
      assertThat(back).isEqualTo(new Run(0, text, ""));
    }
  }

  @Test
  void tokenizeShowsPiecesAndAddsWhatTheModelAsksFor() {
    assertThat(run("", "tokenize", "--model", sentencePiece, "--special", "--json", "the"))
        .satisfies(run ->
            assertThat(run.out()).matches("\\{\"ids\":\\[1,.*],\"pieces\":\\[\"<s>\",.*]}\n"));
    assertThat(
            run("", "tokenize", "--model", chatMl, "--parse-special", "--json", "<|im_end|>").out())
        .contains("\"pieces\":[\"<|im_end|>\"]");
  }

  @Test
  void templateRendersExactlyAndAddsNoNewline() {
    String messages = file("chat.json", "[{\"role\": \"user\", \"content\": \"Hi <|im_end|>\"}]");

    assertThat(run("", "template", "--model", chatMl, "--messages", messages))
        .isEqualTo(new Run(0, "<|im_start|>user\nHi <|im_end|><|im_end|>\n", ""));
    assertThat(
            run(
                    "[]",
                    "template",
                    "--template-file",
                    file("t.jinja", "{{ tools|tojson }}{{ x / 2 }}{{ add_generation_prompt }}"),
                    "--messages",
                    "-",
                    "--tools",
                    file("tools.json", "[{\"a\": [1, 2.50, null, true, 1e20]}]"),
                    "--vars",
                    file("vars.json", "{\"x\": 3, \"add_generation_prompt\": true}"))
                .out())
        .isEqualTo("[{\"a\": [1, 2.5, null, true, 1e+20]}]1.5True");
  }

  @Test
  void doctorNamesKernelsMemoryAndTheModel() {
    Run text = run("", "doctor", "--model", chatMl);
    assertThat(text.err()).isEmpty();
    assertThat(text.code()).isZero();
    assertThat(text.out())
        .contains("cpu\n", "  kernels ", "  why ", "memory\n", "model\n", "qwen2");
    Run json = run("", "doctor", "--json");
    assertThat(json.out())
        .startsWith("{\"cpu\":{")
        .contains("\"kernels\":")
        .doesNotContain("model\":{");
  }

  @Test
  void modelInfoNamesTheFacts() {
    assertThat(run("", "model", "info", chatMl).out())
        .contains("architecture         qwen2\n", "kvBytesPerToken      768\n", "Q8_0=");
    assertThat(run("", "model", "info", "--json", chatMl).out())
        .contains("\"contextLength\":512", "{\"name\":\"token_embd.weight\"", "\"vocabSize\":2048");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "nonsense",
        "tokenize",
        "tokenize --model",
        "model",
        "model infos",
        "template --messages x",
        "detokenize --model MODEL 1,two",
        "detokenize --model MODEL -1",
        "score --model MODEL",
        "generate --model MODEL --prompt a --prompt-ids 1",
        "generate --model MODEL --prompt-ids 1 --temperature -1",
        "generate --model MODEL --prompt-ids 1 --max-tokens 0",
        "generate --model MODEL --prompt-ids 1 --top-logprobs 21",
        "generate --model MODEL --prompt-ids 1 --relay maybe",
        "generate --model MODEL --prompt-ids 1 --system a --system-ids 1",
      })
  void wrongUsageIsOneLineAndExitCode2(String line) {
    String[] args = line.isEmpty() ? new String[0] : line.replace("MODEL", chatMl).split(" ");
    Run run = run("", args);

    assertThat(run.code()).as(run.err()).isEqualTo(2);
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).startsWith("baton: ").endsWith("\n").hasLineCount(1);
  }

  @Test
  void failuresAreOneLineWithCauseAndExitCode1() {
    String[][] lines = {
      {"tokenize", "--model", "/no/such.gguf", "x"},
      {"tokenize", "--model", file("broken.gguf", "GGUX"), "x"},
      {"detokenize", "--model", chatMl, "999999"},
      {
        "template",
        "--template-file",
        file("bad.jinja", "{% if %}"),
        "--messages",
        file("e.json", "[]")
      },
      {"template", "--model", chatMl, "--messages", file("f.json", "[{]")},
      {"template", "--model", chatMl, "--messages", file("g.json", "{}")},
      {"template", "--model", chatMl, "--messages", "/no/such.json"},
      {
        "template",
        "--template-file",
        file("r.jinja", "{{ raise_exception('No.') }}"),
        "--messages",
        file("h.json", "[]")
      },
      {"generate", "--model", chatMl, "--users", file("users", "1,2\n3,x\n")},
      {"generate", "--model", chatMl, "--users", file("empty", "\n")},
    };
    for (String[] line : lines) {
      Run run = run("", line);

      assertThat(run.code()).as(run.toString()).isEqualTo(1);
      assertThat(run.out()).isEmpty();
      assertThat(run.err()).startsWith("baton: ").endsWith("\n").hasLineCount(1);
    }
  }

  @Test
  void invalidUtf8IsNamed() throws IOException {
    Path file = Files.write(folder.resolve("latin1"), new byte[] {'a', (byte) 0xE9, 'b'});

    assertThat(run("", "template", "--template-file", file.toString(), "--messages", "-").err())
        .contains("is not valid UTF-8");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "generate",
        "score",
        "tokenize",
        "detokenize",
        "template",
        "model",
        "model info",
        "doctor"
      })
  void everyCommandExplainsItselfWithAnExample(String command) {
    Run run = run("", (command + " --help").split(" "));

    assertThat(run.code()).isZero();
    assertThat(run.err()).isEmpty();
    assertThat(run.out()).contains("Usage: baton " + command);
    if (!command.equals("model")) {
      assertThat(run.out()).contains("Examples:", "  baton " + command);
    }
  }
}
