package dev.baton.engine.cli;

import dev.baton.engine.gguf.GgufFile;
import dev.baton.engine.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code baton detokenize}. */
@Command(
    name = "detokenize",
    header = "Prints the text of token ids.",
    description =
        "Exactly the text, no newline added, or, with --json, one object with it. Control tokens "
            + "have no text.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  baton detokenize --model model.gguf 9707,1879",
      "  baton tokenize --model model.gguf 'Hello' | baton detokenize --model model.gguf -"
    })
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class DetokenizeCommand implements Runnable {
  private final Terminal terminal;

  @Option(names = "--model", required = true, paramLabel = "FILE", description = "GGUF model file.")
  private Path model;

  @Option(names = "--json", description = "Print {\"text\": \"...\"}.")
  private boolean json;

  @Parameters(paramLabel = "IDS", description = "Ids such as 1,2,3; - reads them from the input.")
  private String ids;

  DetokenizeCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public void run() {
    int[] given = TokenIds.parse(terminal.textOrInput(ids)).ids();
    try (GgufFile file = GgufFile.open(model)) {
      Tokenizer tokenizer = Tokenizer.from(file);
      for (int id : given) {
        if (id >= tokenizer.vocabSize()) {
          throw new Terminal.Failure(
              "token id %d is none of the model's; they are 0 to %d"
                  .formatted(id, tokenizer.vocabSize() - 1));
        }
      }
      String text = tokenizer.decode(given);
      terminal.print(json ? JsonText.line(Map.of("text", text)) : text);
    }
  }
}
