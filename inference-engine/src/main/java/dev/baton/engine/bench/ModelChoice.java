package dev.baton.engine.bench;

import dev.baton.engine.cli.Terminal;
import dev.baton.engine.model.RandomModelSpec;
import dev.baton.engine.tensor.TensorType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** Which models a benchmark runs: files, or random weights of a usual shape. */
@SuppressWarnings("NullAway.Init") // picocli sets the fields
public final class ModelChoice {
  @ArgGroup(multiplicity = "0..1")
  private @Nullable Source source;

  /** One or the other. */
  static final class Source {
    @Option(names = "--model", paramLabel = "FILE", description = "GGUF model file.")
    private @Nullable Path model;

    @Option(
        names = "--shape",
        paramLabel = "tiny|110m|1b",
        converter = ShapeConverter.class,
        description =
            "Random weights of this shape: 0.2 M parameters, 110 M, or 1.04 G as Llama 3.2 1B. The"
                + " file is written once and kept (without either option: 110m).")
    private @Nullable Shape shape;
  }

  @Option(
      names = "--type",
      paramLabel = "TYPE",
      split = ",",
      defaultValue = "Q8_0",
      description = "Tensor types of --shape, such as Q8_0,Q4_0 (${DEFAULT-VALUE}).")
  private List<TensorType> types;

  @Option(
      names = "--models",
      paramLabel = "DIR",
      description = "Where models of --shape are kept; without it ~/.cache/baton.")
  private @Nullable Path folder;

  /** Shapes of random models. */
  enum Shape {
    TINY,
    M110,
    B1;

    private RandomModelSpec.Builder spec() {
      return switch (this) {
        case TINY -> RandomModelSpec.tiny().contextLength(8192);
        case M110 ->
            RandomModelSpec.tiny()
                .layerCount(12)
                .modelDim(768)
                .headCount(12)
                .kvHeadCount(4)
                .headDim(64)
                .ffnDim(2048)
                .vocabSize(32_000)
                .contextLength(8192)
                .tied(true);
        case B1 ->
            RandomModelSpec.tiny()
                .layerCount(16)
                .modelDim(2048)
                .headCount(32)
                .kvHeadCount(8)
                .headDim(64)
                .ffnDim(8192)
                .vocabSize(32_000)
                .contextLength(8192)
                .ropeTheta(500_000)
                .ropeFactor(32)
                .tied(true);
      };
    }

    @Override
    public String toString() {
      return switch (this) {
        case TINY -> "tiny";
        case M110 -> "110m";
        case B1 -> "1b";
      };
    }
  }

  /** Reads a shape's name. */
  static final class ShapeConverter implements ITypeConverter<Shape> {
    @Override
    public Shape convert(String name) {
      for (Shape shape : Shape.values()) {
        if (shape.toString().equals(name.toLowerCase(Locale.ROOT))) {
          return shape;
        }
      }
      throw new TypeConversionException("a shape is tiny, 110m or 1b, not " + name);
    }
  }

  /** A model to run, under a short name. */
  public record Model(String name, Path file) {}

  /** The models, generated where they are not there yet. */
  public List<Model> models(Terminal terminal) {
    if (source != null && source.model != null) {
      Path name = source.model.getFileName();
      return List.of(new Model(String.valueOf(name).replaceAll("\\.gguf$", ""), source.model));
    }
    Shape shape = source == null || source.shape == null ? Shape.M110 : source.shape;
    List<Model> models = new ArrayList<>();
    for (TensorType type : types) {
      models.add(new Model(shape + " " + type, generated(shape, type, terminal)));
    }
    return models;
  }

  private Path generated(Shape shape, TensorType type, Terminal terminal) {
    Path kept =
        folder != null ? folder : Path.of(System.getProperty("user.home"), ".cache", "baton");
    Path file = kept.resolve("random-%s-%s.gguf".formatted(shape, type));
    if (Files.exists(file)) {
      return file;
    }
    try {
      Files.createDirectories(kept);
      terminal.error("writing random weights to %s (once) ...%n".formatted(file));
      shape.spec().type(type).writeTo(file);
      return file;
    } catch (IOException e) {
      throw new Terminal.Failure(
          "%s: can not be written: %s; name another folder with --models"
              .formatted(file, e.getMessage()));
    }
  }
}
