package dev.baton.engine.backend.cpu;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** The f32 vectors of this machine. */
final class Lanes {
  static final VectorSpecies<Float> SPECIES =
      FloatVector.SPECIES_PREFERRED.length() > 16
          ? FloatVector.SPECIES_512
          : FloatVector.SPECIES_PREFERRED;
  static final int COUNT = SPECIES.length();

  /** Columns of a register tile: two vectors beside each other. */
  static final int PANEL = 2 * COUNT;

  static final ByteOrder ORDER = ByteOrder.nativeOrder();

  private Lanes() {}

  static FloatVector load(MemorySegment from, long byteOffset) {
    return FloatVector.fromMemorySegment(SPECIES, from, byteOffset, ORDER);
  }

  static int roundUp(int value, int multiple) {
    return Math.ceilDiv(value, multiple) * multiple;
  }
}
