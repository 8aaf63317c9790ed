package dev.baton.engine.cli;

import dev.baton.engine.gguf.GgufFile;
import dev.baton.engine.tokenizer.MarkedText;
import dev.baton.engine.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code baton tokenize}. */
@Command(
    name = "tokenize",
    header = "Prints the token ids of a text.",
    description =
        "One line of ids with commas between, or, with --json, one object with ids and pieces. "
            + "Without options the text is a user's: special tokens written in it stay text.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  baton tokenize --model model.gguf 'Hello world'",
      "  baton tokenize --model model.gguf --special --json - < prompt.txt"
    })
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class TokenizeCommand implements Runnable {
  private final Terminal terminal;

  @Option(names = "--model", required = true, paramLabel = "FILE", description = "GGUF model file.")
  private Path model;

  @Option(names = "--special", description = "Add BOS and EOS as the model asks for them.")
  private boolean special;

  @Option(
      names = "--parse-special",
      description = "Read special tokens written in the text as what they are.")
  private boolean parseSpecial;

  @Option(names = "--json", description = "Print {\"ids\": [...], \"pieces\": [...]}.")
  private boolean json;

  @Parameters(paramLabel = "TEXT", description = "The text; - reads it from the input.")
  private String text;

  TokenizeCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public void run() {
    String given = terminal.textOrInput(text);
    try (GgufFile file = GgufFile.open(model)) {
      Tokenizer tokenizer = Tokenizer.from(file);
      int[] ids =
          tokenizer.encode(parseSpecial ? MarkedText.trusted(given) : MarkedText.untrusted(given));
      if (special) {
        ids = tokenizer.withBosEos(ids);
      }
      if (json) {
        List<String> pieces = Arrays.stream(ids).mapToObj(tokenizer::piece).toList();
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("ids", ids);
        result.put("pieces", pieces);
        terminal.print(JsonText.line(result));
      } else {
        terminal.print(TokenIds.text(ids) + "\n");
      }
    }
  }
}
