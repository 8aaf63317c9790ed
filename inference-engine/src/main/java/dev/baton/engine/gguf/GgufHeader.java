package dev.baton.engine.gguf;

import dev.baton.engine.EngineException;
import dev.baton.engine.gguf.GgufValue.Flag;
import dev.baton.engine.gguf.GgufValue.MixedArray;
import dev.baton.engine.gguf.GgufValue.Real;
import dev.baton.engine.gguf.GgufValue.RealArray;
import dev.baton.engine.gguf.GgufValue.Text;
import dev.baton.engine.gguf.GgufValue.TextArray;
import dev.baton.engine.gguf.GgufValue.Whole;
import dev.baton.engine.gguf.GgufValue.WholeArray;
import dev.baton.engine.tensor.Tensor;
import dev.baton.engine.tensor.TensorType;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads and checks everything in front of the tensor data: {@code magic, version, tensor count,
 * metadata count, metadata, tensor infos, padding}. Nothing is allocated for a count before as many
 * elements have been seen to fit into the file.
 *
 * <p>Source: GGUF specification of the ggml project, versions 2 and 3.
 */
final class GgufHeader {
  private static final int MAGIC = 'G' | 'G' << 8 | 'U' << 16 | 'F' << 24;
  private static final int MAX_KEY_BYTES = 65535;
  private static final int MAX_TENSOR_NAME_BYTES = 255;
  private static final int MAX_DIMENSIONS = 4;
  private static final int MAX_ARRAY_DEPTH = 4;
  private static final int MAX_NESTED_ARRAYS = 1 << 16;
  private static final int MAX_ALIGNMENT = 1 << 20;
  private static final int FIRST_CAPACITY = 1024;

  /** What a tensor info says, before it is checked against the file. */
  private record TensorInfo(String name, TensorType type, List<Long> shape, long offset) {}

  private final Path path;
  private final MemorySegment file;
  private final GgufCursor cursor;
  private final Map<String, GgufValue> metadata = new LinkedHashMap<>();
  private final Map<String, Tensor> tensors = new LinkedHashMap<>();

  GgufHeader(Path path, MemorySegment file) {
    this.path = path;
    this.file = file;
    this.cursor = new GgufCursor(path, file);
    readPreamble();
    int tensorCount = cursor.count("tensor", " count", 8 + 4 + 8 + 4 + 8);
    int metadataCount = cursor.count("metadata", " count", 8 + 4 + 1);
    for (int i = 0; i < metadataCount; i++) {
      readMetadata(i);
    }
    refuseSplitFile();
    Map<String, TensorInfo> infos = new LinkedHashMap<>();
    for (int i = 0; i < tensorCount; i++) {
      TensorInfo info = readTensorInfo(i);
      if (infos.put(info.name, info) != null) {
        throw invalid(
            "tensor " + i, "the name " + GgufCursor.quoted(info.name) + " again", "each name once");
      }
    }
    locateTensors(infos.values());
  }

  Map<String, GgufValue> metadata() {
    return metadata;
  }

  Map<String, Tensor> tensors() {
    return tensors;
  }

  private void readPreamble() {
    int magic = cursor.int32("magic");
    if (magic != MAGIC) {
      throw GgufCursor.unsupported(
          path,
          "magic",
          "0x%08X".formatted(Integer.reverseBytes(magic)),
          "'GGUF'",
          "This is no GGUF model file: give one, or convert the model to GGUF.");
    }
    int version = cursor.int32("version");
    if (version == 2 || version == 3) {
      return;
    }
    int swapped = Integer.reverseBytes(version);
    String found =
        swapped >= 1 && swapped <= 3
            ? "big-endian version " + swapped
            : "version " + Integer.toUnsignedString(version);
    throw GgufCursor.unsupported(
        path,
        "version",
        found,
        "little-endian version 2 or 3",
        "Convert the model again with a current converter.");
  }

  private void readMetadata(int index) {
    String key = cursor.string("metadata key " + index, MAX_KEY_BYTES);
    String field = "metadata " + GgufCursor.quoted(key);
    if (key.isEmpty()) {
      throw invalid("metadata key " + index, "an empty key", "a name");
    }
    if (metadata.put(key, readValue(valueType(field, " type"), field, 0)) != null) {
      throw invalid(field, "the key twice", "each key once");
    }
  }

  private GgufValueType valueType(String field, String what) {
    int id = cursor.int32(field);
    GgufValueType type = GgufValueType.ofId(id);
    if (type == null) {
      throw invalid(field + what, Integer.toUnsignedString(id), "a type from 0 to 12");
    }
    return type;
  }

  private GgufValue readValue(GgufValueType type, String field, int depth) {
    return switch (type) {
      case UINT8, INT8, UINT16, INT16, UINT32, INT32, UINT64, INT64 ->
          new Whole(type, readWhole(type, field));
      case FLOAT32, FLOAT64 -> new Real(type, readReal(type, field));
      case BOOL -> readFlag(field);
      case STRING -> new Text(cursor.string(field, GgufCursor.MAX_HEADER_BYTES));
      case ARRAY -> readArray(field, depth + 1);
    };
  }

  private GgufValue readArray(String field, int depth) {
    if (depth > MAX_ARRAY_DEPTH) {
      throw invalid(field, "arrays nested deeper", "at most " + MAX_ARRAY_DEPTH + " levels");
    }
    GgufValueType type = valueType(field, " element type");
    int count = cursor.count(field, " element count", type.minimumBytes());
    if (type == GgufValueType.ARRAY && count > MAX_NESTED_ARRAYS) {
      throw invalid(field, count + " nested arrays", "at most " + MAX_NESTED_ARRAYS);
    }
    return switch (type) {
      case UINT8, INT8, UINT16, INT16, UINT32, INT32, UINT64, INT64 -> {
        long[] values = new long[count];
        for (int i = 0; i < count; i++) {
          values[i] = readWhole(type, field);
        }
        yield new WholeArray(type, values);
      }
      case FLOAT32, FLOAT64 -> {
        double[] values = new double[count];
        for (int i = 0; i < count; i++) {
          values[i] = readReal(type, field);
        }
        yield new RealArray(type, values);
      }
      case STRING -> {
        List<String> values = new ArrayList<>(Math.min(count, FIRST_CAPACITY));
        for (int i = 0; i < count; i++) {
          values.add(cursor.string(field, GgufCursor.MAX_HEADER_BYTES));
        }
        yield new TextArray(List.copyOf(values));
      }
      case BOOL, ARRAY -> {
        List<GgufValue> values = new ArrayList<>(Math.min(count, FIRST_CAPACITY));
        for (int i = 0; i < count; i++) {
          values.add(readValue(type, field, depth));
        }
        yield new MixedArray(type, List.copyOf(values));
      }
    };
  }

  private long readWhole(GgufValueType type, String field) {
    return switch (type) {
      case UINT8 -> Byte.toUnsignedLong(cursor.int8(field));
      case INT8 -> cursor.int8(field);
      case UINT16 -> Short.toUnsignedLong(cursor.int16(field));
      case INT16 -> cursor.int16(field);
      case UINT32 -> Integer.toUnsignedLong(cursor.int32(field));
      case INT32 -> cursor.int32(field);
      case UINT64, INT64 -> cursor.int64(field);
      case FLOAT32, FLOAT64, BOOL, STRING, ARRAY ->
          throw new IllegalArgumentException(type + " is no integer");
    };
  }

  private double readReal(GgufValueType type, String field) {
    return type == GgufValueType.FLOAT32
        ? Float.intBitsToFloat(cursor.int32(field))
        : Double.longBitsToDouble(cursor.int64(field));
  }

  private Flag readFlag(String field) {
    int value = cursor.int8(field);
    if (value != 0 && value != 1) {
      throw invalid(field, "boolean " + value, "0 or 1");
    }
    return value == 1 ? Flag.TRUE : Flag.FALSE;
  }

  private void refuseSplitFile() {
    if (metadata.get("split.count") instanceof Whole parts && parts.value() > 1) {
      throw GgufCursor.unsupported(
          path,
          "metadata 'split.count'",
          "one of " + parts.value() + " parts",
          "a whole model",
          "Join the parts into one file first, for example with 'llama-gguf-split --merge'.");
    }
  }

  private TensorInfo readTensorInfo(int index) {
    String name = cursor.string("tensor " + index + " name", MAX_TENSOR_NAME_BYTES);
    String field = "tensor " + GgufCursor.quoted(name);
    int dimensions = cursor.int32(field + " dimension count");
    if (dimensions < 1 || dimensions > MAX_DIMENSIONS) {
      throw invalid(
          field + " dimension count",
          Integer.toUnsignedString(dimensions),
          "1 to " + MAX_DIMENSIONS);
    }
    List<Long> shape = new ArrayList<>(dimensions);
    long elements = 1;
    for (int d = 0; d < dimensions; d++) {
      long length = cursor.int64(field + " dimension " + d);
      if (length < 1 || length > Long.MAX_VALUE / elements) {
        throw invalid(
            field + " dimension " + d,
            Long.toUnsignedString(length),
            "a length of at least 1 with fewer than 2^63 elements in all");
      }
      elements *= length;
      shape.add(length);
    }
    int typeId = cursor.int32(field + " type");
    TensorType type = TensorType.ofGgmlId(typeId);
    if (type == null) {
      throw unknownType(field + " type", typeId);
    }
    return new TensorInfo(name, type, shape, cursor.int64(field + " offset"));
  }

  private EngineException unknownType(String field, int typeId) {
    String name = UnservedTypes.nameOf(typeId);
    if (name == null) {
      return invalid(field, Integer.toUnsignedString(typeId), "a ggml type number");
    }
    return GgufCursor.unsupported(
        path,
        field,
        name,
        "one of " + Arrays.toString(TensorType.values()),
        "Use a file with another quantisation of this model, such as Q8_0, Q4_K_M or F16.");
  }

  /** Checks that each tensor lies within the file, aligned, and apart from the others. */
  private void locateTensors(Iterable<TensorInfo> infos) {
    long alignment = alignment();
    long dataStart = Math.ceilDiv(cursor.position(), alignment) * alignment;
    long dataBytes = Math.max(0, file.byteSize() - dataStart);
    List<TensorInfo> byOffset = new ArrayList<>();
    for (TensorInfo info : infos) {
      String field = "tensor " + GgufCursor.quoted(info.name);
      long sizeBytes = sizeBytes(info, dataBytes);
      if (info.offset < 0 || info.offset % alignment != 0) {
        throw invalid(
            field + " offset",
            Long.toUnsignedString(info.offset),
            "a multiple of the alignment " + alignment);
      }
      if (info.offset > dataBytes - sizeBytes) {
        throw invalid(
            field + " offset",
            "data at [%d, %s)"
                .formatted(info.offset, Long.toUnsignedString(info.offset + sizeBytes)),
            "data within the " + dataBytes + " bytes behind the header");
      }
      byOffset.add(info);
      MemorySegment data = file.asSlice(dataStart + info.offset, sizeBytes);
      tensors.put(info.name, new Tensor(info.name, info.type, info.shape, data));
    }
    byOffset.sort(Comparator.comparingLong(TensorInfo::offset));
    for (int i = 1; i < byOffset.size(); i++) {
      TensorInfo before = byOffset.get(i - 1);
      TensorInfo info = byOffset.get(i);
      if (info.offset < before.offset + sizeBytes(before, dataBytes)) {
        throw invalid(
            "tensor " + GgufCursor.quoted(info.name) + " offset",
            "data that overlaps tensor " + GgufCursor.quoted(before.name),
            "tensors apart from each other");
      }
    }
  }

  private int alignment() {
    GgufValue value = metadata.get("general.alignment");
    if (value == null) {
      return 32;
    }
    if (value instanceof Whole whole
        && whole.value() >= 8
        && whole.value() <= MAX_ALIGNMENT
        && Long.bitCount(whole.value()) == 1) {
      return (int) whole.value();
    }
    throw invalid(
        "metadata 'general.alignment'",
        value instanceof Whole whole ? Long.toString(whole.value()) : "a " + value.type(),
        "a power of two from 8 to " + MAX_ALIGNMENT);
  }

  private long sizeBytes(TensorInfo info, long dataBytes) {
    String field = "tensor " + GgufCursor.quoted(info.name) + " shape";
    long columns = info.shape.getFirst();
    if (columns % info.type.blockElements() != 0) {
      throw invalid(
          field,
          info.shape.toString(),
          "rows of whole %s blocks of %d".formatted(info.type, info.type.blockElements()));
    }
    long elements = 1;
    for (long length : info.shape) {
      elements *= length;
    }
    long blocks = elements / info.type.blockElements();
    if (blocks > dataBytes / info.type.blockBytes()) {
      throw invalid(
          field,
          "%s %s".formatted(info.type, info.shape),
          "a tensor that fits into the " + dataBytes + " bytes behind the header");
    }
    if (columns > Integer.MAX_VALUE || elements / columns > Integer.MAX_VALUE) {
      throw invalid(field, info.shape.toString(), "fewer than 2^31 rows and columns");
    }
    return blocks * info.type.blockBytes();
  }

  private EngineException invalid(String field, String found, String expected) {
    return cursor.invalid(field, found, expected);
  }
}
