package dev.baton.engine.gguf;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Writes the fields of a GGUF file one by one, so that any of them can lie. */
final class RawGguf {
  static final int UINT32 = 4;
  static final int STRING = 8;
  static final int ARRAY = 9;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  /** Magic, version 3 and the two counts. */
  static RawGguf start(long tensorCount, long metadataCount) {
    return new RawGguf().raw("GGUF").u32(3).u64(tensorCount).u64(metadataCount);
  }

  RawGguf raw(String ascii) {
    out.writeBytes(ascii.getBytes(StandardCharsets.ISO_8859_1));
    return this;
  }

  RawGguf u8(int value) {
    out.write(value);
    return this;
  }

  RawGguf u32(int value) {
    out.writeBytes(buffer(4).putInt(value).array());
    return this;
  }

  RawGguf u64(long value) {
    out.writeBytes(buffer(8).putLong(value).array());
    return this;
  }

  RawGguf string(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    u64(bytes.length);
    out.writeBytes(bytes);
    return this;
  }

  /** A tensor info with any number of dimensions. */
  RawGguf tensor(String name, int type, long offset, long... shape) {
    string(name).u32(shape.length);
    for (long length : shape) {
      u64(length);
    }
    return u32(type).u64(offset);
  }

  /** Padding to a multiple of 32, then {@code dataBytes} zeros. */
  byte[] endWithData(int dataBytes) {
    out.writeBytes(new byte[Math.ceilDiv(out.size(), 32) * 32 - out.size() + dataBytes]);
    return out.toByteArray();
  }

  byte[] end() {
    return out.toByteArray();
  }

  private static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
