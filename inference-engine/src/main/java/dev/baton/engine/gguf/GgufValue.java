package dev.baton.engine.gguf;

import java.util.Arrays;
import java.util.List;

/** A value of a GGUF file's metadata. */
public sealed interface GgufValue {

  /** The type it has in the file. */
  GgufValueType type();

  static GgufValue text(String value) {
    return new Text(value);
  }

  static GgufValue uint32(int value) {
    return new Whole(GgufValueType.UINT32, Integer.toUnsignedLong(value));
  }

  static GgufValue float32(double value) {
    return new Real(GgufValueType.FLOAT32, (float) value);
  }

  static GgufValue flag(boolean value) {
    return value ? Flag.TRUE : Flag.FALSE;
  }

  static GgufValue texts(List<String> values) {
    return new TextArray(List.copyOf(values));
  }

  static GgufValue int32s(int... values) {
    return new WholeArray(GgufValueType.INT32, Arrays.stream(values).asLongStream().toArray());
  }

  static GgufValue float32s(double... values) {
    return new RealArray(GgufValueType.FLOAT32, values.clone());
  }

  /** A string. */
  record Text(String value) implements GgufValue {
    @Override
    public GgufValueType type() {
      return GgufValueType.STRING;
    }
  }

  /** An integer of any width; a UINT64 beyond a {@code long} is negative here. */
  record Whole(GgufValueType type, long value) implements GgufValue {}

  /** A FLOAT32 or FLOAT64. */
  record Real(GgufValueType type, double value) implements GgufValue {}

  /** A boolean. */
  record Flag(boolean value) implements GgufValue {
    static final Flag TRUE = new Flag(true);
    static final Flag FALSE = new Flag(false);

    @Override
    public GgufValueType type() {
      return GgufValueType.BOOL;
    }
  }

  /** An array of strings. */
  record TextArray(List<String> values) implements GgufValue {
    @Override
    public GgufValueType type() {
      return GgufValueType.ARRAY;
    }
  }

  /** An array of integers. */
  record WholeArray(GgufValueType elementType, long[] values) implements GgufValue {
    @Override
    public GgufValueType type() {
      return GgufValueType.ARRAY;
    }
  }

  /** An array of FLOAT32 or FLOAT64. */
  record RealArray(GgufValueType elementType, double[] values) implements GgufValue {
    @Override
    public GgufValueType type() {
      return GgufValueType.ARRAY;
    }
  }

  /** An array of booleans or of arrays. */
  record MixedArray(GgufValueType elementType, List<GgufValue> values) implements GgufValue {
    @Override
    public GgufValueType type() {
      return GgufValueType.ARRAY;
    }
  }
}
