package dev.baton.engine.gguf;

import org.jspecify.annotations.Nullable;

/** Types of GGUF metadata values; the ordinal is the number in the file. */
public enum GgufValueType {
  UINT8(1),
  INT8(1),
  UINT16(2),
  INT16(2),
  UINT32(4),
  INT32(4),
  FLOAT32(4),
  BOOL(1),
  STRING(8),
  ARRAY(12),
  UINT64(8),
  INT64(8),
  FLOAT64(8);

  private final int minimumBytes;

  GgufValueType(int minimumBytes) {
    this.minimumBytes = minimumBytes;
  }

  /** Bytes of a value; for strings and arrays, of an empty one. */
  int minimumBytes() {
    return minimumBytes;
  }

  static @Nullable GgufValueType ofId(int id) {
    return id >= 0 && id < values().length ? values()[id] : null;
  }
}
