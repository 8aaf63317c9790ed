package dev.baton.engine.cli;

import dev.baton.engine.gguf.GgufFile;
import dev.baton.engine.template.ChatTemplate;
import dev.baton.engine.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code baton template}. */
@Command(
    name = "template",
    sortOptions = false,
    header = "Prints a chat as a chat template renders it.",
    description =
        "Exactly the rendered text, no newline added. The template sees messages, tools (null when "
            + "not given), documents (null), add_generation_prompt (false) and, with --model, the "
            + "model's bos_token and eos_token; --vars adds to these and overrides them.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  baton template --model model.gguf --messages chat.json",
      "  baton template --template-file chat.jinja --messages - --vars vars.json < chat.json",
      "",
      "  chat.json: [{\"role\": \"user\", \"content\": \"Hi\"}]",
      "  vars.json: {\"add_generation_prompt\": true}"
    })
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class TemplateCommand implements Runnable {
  private final Terminal terminal;

  @ArgGroup(multiplicity = "1")
  private Source source;

  /** Where the template comes from. */
  static final class Source {
    @Option(names = "--model", paramLabel = "FILE", description = "GGUF file with the template.")
    private @Nullable Path model;

    @Option(
        names = "--template-file",
        paramLabel = "FILE",
        description = "Jinja file; - reads the input.")
    private @Nullable String templateFile;
  }

  @Option(
      names = "--messages",
      required = true,
      paramLabel = "FILE",
      description = "JSON list of messages; - reads the input.")
  private String messages;

  @Option(names = "--tools", paramLabel = "FILE", description = "JSON list of tools.")
  private @Nullable String tools;

  @Option(names = "--vars", paramLabel = "FILE", description = "JSON object of more variables.")
  private @Nullable String vars;

  TemplateCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public void run() {
    Map<String, @Nullable Object> variables = new HashMap<>();
    variables.put("tools", tools == null ? null : list(tools));
    variables.put("documents", null);
    variables.put("add_generation_prompt", false);
    String template = template(variables);
    variables.put("messages", list(messages));
    if (vars != null) {
      if (!(JsonText.read(Terminal.name(vars), terminal.textOf(vars)) instanceof Map<?, ?> given)) {
        throw new Terminal.Failure(
            Terminal.name(vars) + ": must hold a JSON object, such as {\"name\": 1}");
      }
      given.forEach((name, value) -> variables.put(String.valueOf(name), value));
    }
    terminal.print(ChatTemplate.parse(template).render(variables).text());
  }

  private String template(Map<String, @Nullable Object> variables) {
    if (source.templateFile != null) {
      return terminal.textOf(source.templateFile);
    }
    Path model = source.model;
    if (model == null) {
      throw new IllegalStateException("picocli demands one of both");
    }
    try (GgufFile file = GgufFile.open(model)) {
      String template = file.findString("tokenizer.chat_template");
      if (template == null) {
        throw new Terminal.Failure(
            model + ": has no chat template; give one with --template-file FILE");
      }
      Tokenizer tokenizer = Tokenizer.from(file);
      tokenizer.bosId().ifPresent(id -> variables.put("bos_token", tokenizer.piece(id)));
      tokenizer.eosId().ifPresent(id -> variables.put("eos_token", tokenizer.piece(id)));
      return template;
    }
  }

  private List<?> list(String name) {
    if (JsonText.read(Terminal.name(name), terminal.textOf(name)) instanceof List<?> list) {
      return list;
    }
    throw new Terminal.Failure(Terminal.name(name) + ": must hold a JSON list");
  }
}
