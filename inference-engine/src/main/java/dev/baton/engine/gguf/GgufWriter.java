package dev.baton.engine.gguf;

import dev.baton.engine.gguf.GgufValue.Flag;
import dev.baton.engine.gguf.GgufValue.MixedArray;
import dev.baton.engine.gguf.GgufValue.Real;
import dev.baton.engine.gguf.GgufValue.RealArray;
import dev.baton.engine.gguf.GgufValue.Text;
import dev.baton.engine.gguf.GgufValue.TextArray;
import dev.baton.engine.gguf.GgufValue.Whole;
import dev.baton.engine.gguf.GgufValue.WholeArray;
import dev.baton.engine.tensor.TensorType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;

/**
 * Collects metadata and tensors, then writes them as one GGUF version 3 file. Order is kept: equal
 * calls give equal bytes.
 */
public final class GgufWriter {
  private static final int VERSION = 3;
  private static final long CHUNK_BYTES = 1 << 26;

  /** Bytes that tensor data is aligned to: GGUF's default, the same with and without its key. */
  public static final int ALIGNMENT = 32;

  private record PlannedTensor(
      String name, TensorType type, List<Long> shape, long offset, Consumer<MemorySegment> data) {

    long sizeBytes() {
      long rows = 1;
      for (long length : shape.subList(1, shape.size())) {
        rows = Math.multiplyExact(rows, length);
      }
      return Math.multiplyExact(rows, type.sizeBytes(shape.getFirst()));
    }
  }

  private final Map<String, GgufValue> metadata = new LinkedHashMap<>();
  private final Map<String, PlannedTensor> tensors = new LinkedHashMap<>();
  private long dataBytes;

  /** Adds a key; a key that is there already keeps its place and gets the new value. */
  public GgufWriter metadata(String key, GgufValue value) {
    if (key.equals("general.alignment") && !value.equals(GgufValue.uint32(ALIGNMENT))) {
      throw new IllegalArgumentException("tensor data is aligned to " + ALIGNMENT + " bytes");
    }
    metadata.put(key, value);
    return this;
  }

  /**
   * Adds a tensor.
   *
   * @param shape lengths, innermost dimension first
   * @param data called while writing, with exactly the tensor's bytes to fill
   */
  public GgufWriter tensor(
      String name, TensorType type, List<Long> shape, Consumer<MemorySegment> data) {
    var tensor = new PlannedTensor(name, type, List.copyOf(shape), dataBytes, data);
    if (tensors.put(name, tensor) != null) {
      throw new IllegalArgumentException("tensor " + name + " is there already");
    }
    dataBytes = aligned(dataBytes + tensor.sizeBytes());
    return this;
  }

  /**
   * Writes the file. It appears under its name when it is complete, and replaces what was there.
   *
   * @throws IOException when the file can not be written
   */
  public void writeTo(Path path) throws IOException {
    byte[] header = header();
    long dataStart = aligned(header.length);
    Path part = path.resolveSibling(path.getFileName() + "." + UUID.randomUUID() + ".part");
    try {
      try (FileChannel channel =
          FileChannel.open(part, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        write(channel, MemorySegment.ofArray(Arrays.copyOf(header, (int) dataStart)));
        for (PlannedTensor tensor : tensors.values()) {
          try (Arena arena = Arena.ofShared()) { // whoever fills it may use several threads
            MemorySegment padded = arena.allocate(aligned(tensor.sizeBytes()), ALIGNMENT);
            tensor.data.accept(padded.asSlice(0, tensor.sizeBytes()));
            write(channel, padded);
          }
        }
        channel.force(true);
      }
      Files.move(part, path, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(part);
    }
  }

  private static void write(FileChannel channel, MemorySegment bytes) throws IOException {
    for (long at = 0; at < bytes.byteSize(); at += CHUNK_BYTES) {
      long size = Math.min(CHUNK_BYTES, bytes.byteSize() - at);
      ByteBuffer buffer = bytes.asSlice(at, size).asByteBuffer();
      while (buffer.hasRemaining()) {
        channel.write(buffer);
      }
    }
  }

  private byte[] header() {
    var out = new ByteArrayOutputStream();
    out.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
    whole(out, 4, VERSION);
    whole(out, 8, tensors.size());
    whole(out, 8, metadata.size());
    metadata.forEach((key, value) -> {
      string(out, key);
      whole(out, 4, value.type().ordinal());
      value(out, value);
    });
    for (PlannedTensor tensor : tensors.values()) {
      string(out, tensor.name);
      whole(out, 4, tensor.shape.size());
      tensor.shape.forEach(length -> whole(out, 8, length));
      whole(out, 4, tensor.type.ggmlId());
      whole(out, 8, tensor.offset);
    }
    return out.toByteArray();
  }

  private static void value(ByteArrayOutputStream out, GgufValue value) {
    switch (value) {
      case Text text -> string(out, text.value());
      case Whole whole -> whole(out, whole.type().minimumBytes(), whole.value());
      case Real real -> real(out, real.type(), real.value());
      case Flag flag -> whole(out, 1, flag.value() ? 1 : 0);
      case TextArray array -> {
        arrayHead(out, GgufValueType.STRING, array.values().size());
        array.values().forEach(text -> string(out, text));
      }
      case WholeArray array -> {
        arrayHead(out, array.elementType(), array.values().length);
        for (long element : array.values()) {
          whole(out, array.elementType().minimumBytes(), element);
        }
      }
      case RealArray array -> {
        arrayHead(out, array.elementType(), array.values().length);
        for (double element : array.values()) {
          real(out, array.elementType(), element);
        }
      }
      case MixedArray array -> {
        arrayHead(out, array.elementType(), array.values().size());
        array.values().forEach(element -> value(out, element));
      }
    }
  }

  private static void arrayHead(ByteArrayOutputStream out, GgufValueType type, int count) {
    whole(out, 4, type.ordinal());
    whole(out, 8, count);
  }

  private static void string(ByteArrayOutputStream out, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    whole(out, 8, bytes.length);
    out.writeBytes(bytes);
  }

  private static void real(ByteArrayOutputStream out, GgufValueType type, double value) {
    if (type == GgufValueType.FLOAT32) {
      whole(out, 4, Float.floatToRawIntBits((float) value));
    } else {
      whole(out, 8, Double.doubleToRawLongBits(value));
    }
  }

  private static void whole(ByteArrayOutputStream out, int bytes, long value) {
    for (int i = 0; i < bytes; i++) {
      out.write((int) (value >> 8 * i));
    }
  }

  private static long aligned(long position) {
    return Math.ceilDiv(position, ALIGNMENT) * ALIGNMENT;
  }
}
