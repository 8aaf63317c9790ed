package dev.baton.engine.cli;

import dev.baton.engine.gguf.GgufFile;
import dev.baton.engine.model.ModelConfig;
import dev.baton.engine.tensor.Tensor;
import dev.baton.engine.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code baton model}. */
@Command(
    name = "model",
    header = "Looks into model files.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = ModelCommand.Info.class)
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class ModelCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "say what to do: info");
  }

  /** {@code baton model info}. */
  @Command(
      name = "info",
      header = "Prints what a model file holds.",
      description =
          "Architecture, tensors and their types, tokenizer, context length, and the bytes of keys "
              + "and values that one token takes (F32, as the CPU backend stores them). A line "
              + "each, or, with --json, one object, which lists every tensor.",
      footerHeading = "%nExamples:%n",
      footer = {"  baton model info model.gguf", "  baton model info --json model.gguf"})
  static final class Info implements Runnable {
    private final Terminal terminal;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Parameters(paramLabel = "FILE", description = "GGUF model file.")
    private Path model;

    Info(Terminal terminal) {
      this.terminal = terminal;
    }

    @Override
    public void run() {
      try (GgufFile file = GgufFile.open(model)) {
        Map<String, @Nullable Object> facts = facts(file);
        if (json) {
          facts.put("tensors", file.tensors().stream().map(Info::tensor).toList());
          terminal.print(JsonText.line(facts));
          return;
        }
        StringBuilder lines = new StringBuilder();
        facts.forEach((name, value) -> lines.append("%-20s %s%n".formatted(name, value)));
        terminal.print(lines.toString());
      }
    }

    private static Map<String, Object> tensor(Tensor tensor) {
      Map<String, Object> facts = new LinkedHashMap<>();
      facts.put("name", tensor.name());
      facts.put("type", tensor.type().name());
      facts.put("shape", tensor.shape());
      return facts;
    }

    private static Map<String, @Nullable Object> facts(GgufFile file) {
      ModelConfig config = ModelConfig.of(file);
      Tokenizer tokenizer = Tokenizer.from(file);
      Map<String, Integer> types = new TreeMap<>();
      long parameters = 0;
      for (Tensor tensor : file.tensors()) {
        types.merge(tensor.type().name(), 1, Integer::sum);
        parameters += tensor.elementCount();
      }
      Map<String, @Nullable Object> facts = new LinkedHashMap<>();
      facts.put("file", file.path().toString());
      facts.put("sizeBytes", file.sizeBytes());
      facts.put("name", file.findString("general.name"));
      facts.put("architecture", config.architecture());
      facts.put("parameters", parameters);
      facts.put("contextLength", config.contextLength());
      facts.put("kvBytesPerToken", 2L * config.layerCount() * config.kvDim() * Float.BYTES);
      facts.put("layerCount", config.layerCount());
      facts.put("modelDim", config.modelDim());
      facts.put("ffnDim", config.ffnDim());
      facts.put("headCount", config.headCount());
      facts.put("kvHeadCount", config.kvHeadCount());
      facts.put("headDim", config.headDim());
      facts.put("tiedEmbeddings", config.tiedEmbeddings());
      facts.put("tensorCount", file.tensors().size());
      facts.put("tensorTypes", types);
      facts.put("tokenizer", file.findString("tokenizer.ggml.model"));
      facts.put("preTokenizer", file.findString("tokenizer.ggml.pre"));
      facts.put("vocabSize", tokenizer.vocabSize());
      facts.put("bosToken", token(tokenizer, tokenizer.bosId()));
      facts.put("eosToken", token(tokenizer, tokenizer.eosId()));
      facts.put("addsBos", tokenizer.addsBos());
      facts.put("chatTemplate", file.has("tokenizer.chat_template"));
      return facts;
    }

    private static @Nullable String token(Tokenizer tokenizer, OptionalInt id) {
      return id.isPresent() ? tokenizer.piece(id.getAsInt()) : null;
    }
  }
}
