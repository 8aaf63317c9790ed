package dev.baton.engine.gguf;

import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.gguf.GgufValue.Flag;
import dev.baton.engine.gguf.GgufValue.Real;
import dev.baton.engine.gguf.GgufValue.RealArray;
import dev.baton.engine.gguf.GgufValue.Text;
import dev.baton.engine.gguf.GgufValue.TextArray;
import dev.baton.engine.gguf.GgufValue.Whole;
import dev.baton.engine.gguf.GgufValue.WholeArray;
import dev.baton.engine.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A model file, memory-mapped and checked. Metadata is read at {@link #open}; tensors are views of
 * the mapping, read from disk when touched, and valid until {@link #close}.
 *
 * <p>The getters throw {@link EngineException} with {@link ErrorCode#MODEL_FILE_INVALID} when the
 * key is absent or of another type; those that take {@code otherwise} and the {@code find…} ones do
 * so only for another type. Safe for use by many threads.
 */
public final class GgufFile implements AutoCloseable {
  private final Path path;
  private final Arena arena;
  private final long sizeBytes;
  private final Map<String, GgufValue> metadata;
  private final Map<String, Tensor> tensors;

  private GgufFile(Path path, Arena arena, long sizeBytes, GgufHeader header) {
    this.path = path;
    this.arena = arena;
    this.sizeBytes = sizeBytes;
    this.metadata = Collections.unmodifiableMap(header.metadata());
    this.tensors = Collections.unmodifiableMap(header.tensors());
  }

  /**
   * Maps a file and checks all of its header.
   *
   * @throws EngineException {@link ErrorCode#MODEL_FILE_INVALID} for what can not be read or is
   *     damaged, {@link ErrorCode#MODEL_UNSUPPORTED} for what is sound but not served
   */
  public static GgufFile open(Path path) {
    if (!Files.isRegularFile(path)) {
      throw new EngineException(
          ErrorCode.MODEL_FILE_INVALID,
          "%s: %s. Give the path of a GGUF model file."
              .formatted(
                  path, Files.exists(path) ? "is no regular file" : "there is no such file"));
    }
    Arena arena = Arena.ofShared();
    boolean opened = false;
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      long sizeBytes = channel.size();
      var file = channel.map(MapMode.READ_ONLY, 0, sizeBytes, arena);
      GgufFile result = new GgufFile(path, arena, sizeBytes, new GgufHeader(path, file));
      opened = true;
      return result;
    } catch (IOException e) {
      throw new EngineException(
          ErrorCode.MODEL_FILE_INVALID,
          path + ": can not be read. Check that this user may read it and that its disk is sound.",
          e);
    } finally {
      if (!opened) {
        arena.close();
      }
    }
  }

  public Path path() {
    return path;
  }

  /** Bytes of the whole file. */
  public long sizeBytes() {
    return sizeBytes;
  }

  /** All metadata, in the file's order. */
  public Map<String, GgufValue> metadata() {
    return metadata;
  }

  public boolean has(String key) {
    return metadata.containsKey(key);
  }

  public String string(String key) {
    return required(key, findString(key));
  }

  public String string(String key, String otherwise) {
    String value = findString(key);
    return value == null ? otherwise : value;
  }

  public @Nullable String findString(String key) {
    return switch (metadata.get(key)) {
      case null -> null;
      case Text text -> text.value();
      case GgufValue other -> throw wrongType(key, other, "a string");
    };
  }

  /** An integer of any width in the file that fits an {@code int}. */
  public int integer(String key) {
    return required(key, findInteger(key));
  }

  public int integer(String key, int otherwise) {
    Integer value = findInteger(key);
    return value == null ? otherwise : value;
  }

  public @Nullable Integer findInteger(String key) {
    return switch (metadata.get(key)) {
      case null -> null;
      case Whole whole -> narrow(key, whole.value());
      case GgufValue other -> throw wrongType(key, other, "an integer");
    };
  }

  /** A floating-point number, or an integer as one. */
  public double floating(String key) {
    return required(key, findFloating(key));
  }

  public double floating(String key, double otherwise) {
    Double value = findFloating(key);
    return value == null ? otherwise : value;
  }

  public @Nullable Double findFloating(String key) {
    return switch (metadata.get(key)) {
      case null -> null;
      case Real real -> real.value();
      case Whole whole -> (double) whole.value();
      case GgufValue other -> throw wrongType(key, other, "a number");
    };
  }

  public boolean bool(String key) {
    return required(key, findBool(key));
  }

  public boolean bool(String key, boolean otherwise) {
    Boolean value = findBool(key);
    return value == null ? otherwise : value;
  }

  public @Nullable Boolean findBool(String key) {
    return switch (metadata.get(key)) {
      case null -> null;
      case Flag flag -> flag.value();
      case GgufValue other -> throw wrongType(key, other, "a boolean");
    };
  }

  public List<String> strings(String key) {
    return required(key, findStrings(key));
  }

  public @Nullable List<String> findStrings(String key) {
    return switch (metadata.get(key)) {
      case null -> null;
      case TextArray texts -> texts.values();
      case GgufValue other -> throw wrongType(key, other, "an array of strings");
    };
  }

  /** A copy of an array of floating-point numbers. */
  public float[] floats(String key) {
    return required(key, findFloats(key));
  }

  public float @Nullable [] findFloats(String key) {
    return switch (metadata.get(key)) {
      case null -> null;
      case RealArray reals -> {
        float[] values = new float[reals.values().length];
        for (int i = 0; i < values.length; i++) {
          values[i] = (float) reals.values()[i];
        }
        yield values;
      }
      case GgufValue other -> throw wrongType(key, other, "an array of floating-point numbers");
    };
  }

  /** A copy of an array of integers that each fit an {@code int}. */
  public int[] integers(String key) {
    return required(key, findIntegers(key));
  }

  public int @Nullable [] findIntegers(String key) {
    return switch (metadata.get(key)) {
      case null -> null;
      case WholeArray wholes -> {
        int[] values = new int[wholes.values().length];
        for (int i = 0; i < values.length; i++) {
          values[i] = narrow(key, wholes.values()[i]);
        }
        yield values;
      }
      case GgufValue other -> throw wrongType(key, other, "an array of integers");
    };
  }

  /** All tensors, in the file's order. */
  public Collection<Tensor> tensors() {
    return tensors.values();
  }

  /** The tensor of this name. */
  public Tensor tensor(String name) {
    Tensor tensor = tensors.get(name);
    if (tensor == null) {
      throw GgufCursor.invalid(path, "tensor " + GgufCursor.quoted(name), "none", "this tensor");
    }
    return tensor;
  }

  /** The tensor of this name, or null when the file has none. */
  public @Nullable Tensor findTensor(String name) {
    return tensors.get(name);
  }

  /** Unmaps the file; its tensors must not be touched any more. */
  @Override
  public void close() {
    arena.close();
  }

  /** {@link #close} for who needs no metadata any more: it keeps none of it in memory. */
  public Runnable closing() {
    return arena::close;
  }

  private int narrow(String key, long value) {
    if (value != (int) value) {
      throw GgufCursor.invalid(
          path, "metadata " + GgufCursor.quoted(key), Long.toString(value), "a number below 2^31");
    }
    return (int) value;
  }

  private <T> T required(String key, @Nullable T value) {
    if (value == null) {
      throw GgufCursor.invalid(path, "metadata " + GgufCursor.quoted(key), "nothing", "this key");
    }
    return value;
  }

  private EngineException wrongType(String key, GgufValue found, String expected) {
    return GgufCursor.invalid(
        path, "metadata " + GgufCursor.quoted(key), "a value of type " + found.type(), expected);
  }
}
