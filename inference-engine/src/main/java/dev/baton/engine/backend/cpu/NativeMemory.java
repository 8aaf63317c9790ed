package dev.baton.engine.backend.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Native memory by address, as the product kernels read it: a vector of f32 from so many stored
 * bytes, shorts or floats.
 *
 * <p>Implementation note. One constant segment over all memory lets the compiler drop the bounds
 * and liveness checks that segments of their own would cost for each vector. So {@link
 * VectorLinear} checks every segment once a product, and nothing else may call these.
 */
final class NativeMemory {
  /** Whether the machine has vectors of at least eight floats; narrower ones decode scalar. */
  static final boolean WIDE = Lanes.COUNT >= 8;

  static final VectorSpecies<Float> F = Lanes.SPECIES;
  static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

  private static final VectorSpecies<Integer> I = VectorSpecies.of(int.class, F.vectorShape());
  private static final VectorSpecies<Short> S =
      VectorSpecies.of(short.class, VectorShape.forBitSize(Math.max(64, F.vectorBitSize() / 2)));
  private static final VectorSpecies<Byte> B =
      VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, F.vectorBitSize() / 4)));
  private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;
  private static final ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(LE);
  private static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(LE);
  private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(LE);

  /** Undoes the exponent's bias when the bits of an f16 stand in an f32: 2^(127-15). */
  private static final float HALF_SCALE = 0x1p112f;

  private NativeMemory() {}

  static FloatVector floats(long at) {
    return FloatVector.fromMemorySegment(F, ALL, at, LE);
  }

  static FloatVector floats(float[] from, int at) {
    return FloatVector.fromArray(F, from, at);
  }

  static void put(FloatVector value, float[] to, int at) {
    value.intoArray(to, at);
  }

  /**
   * Of f16, exact for finite values (subnormal ones included); infinities come out as 2^16, which
   * no weight is.
   */
  static FloatVector halves(long at) {
    return ((IntVector) shorts(at).convertShape(VectorOperators.S2I, I, 0))
        .lanewise(VectorOperators.LSHL, 13)
        .and(0x8fffe000)
        .reinterpretAsFloats()
        .mul(HALF_SCALE);
  }

  static FloatVector brainFloats(long at) {
    return ((IntVector) shorts(at).convertShape(VectorOperators.S2I, I, 0))
        .lanewise(VectorOperators.LSHL, 16)
        .reinterpretAsFloats();
  }

  private static ShortVector shorts(long at) {
    return ShortVector.fromMemorySegment(S, ALL, at, LE);
  }

  static FloatVector signedBytes(long at) {
    return (FloatVector)
        ByteVector.fromMemorySegment(B, ALL, at, LE).convertShape(VectorOperators.B2F, F, 0);
  }

  static IntVector unsignedBytes(long at) {
    return (IntVector)
        ByteVector.fromMemorySegment(B, ALL, at, LE)
            .convertShape(VectorOperators.ZERO_EXTEND_B2I, I, 0);
  }

  static FloatVector toFloats(IntVector value) {
    return (FloatVector) value.convertShape(VectorOperators.I2F, F, 0);
  }

  static IntVector broadcast(int value) {
    return IntVector.broadcast(I, value);
  }

  /** Lane i holds i. */
  static IntVector laneNumbers() {
    return IntVector.zero(I).addIndex(1);
  }

  static float half(long at) {
    return Float.float16ToFloat(ALL.get(I16, at));
  }

  static float brainFloat(long at) {
    return Float.intBitsToFloat(ALL.get(I16, at) << 16);
  }

  static int fourBytes(long at) {
    return ALL.get(I32, at);
  }

  static int signedByte(long at) {
    return ALL.get(ValueLayout.JAVA_BYTE, at);
  }

  static float number(long at) {
    return ALL.get(F32, at);
  }

  static void put(float value, long at) {
    ALL.set(F32, at, value);
  }
}
