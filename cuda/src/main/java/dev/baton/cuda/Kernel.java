package dev.baton.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jcuda.Pointer;
import jcuda.driver.CUfunction;

/**
 * A kernel and the block of its arguments: the values lie in native memory beside an array of their
 * addresses, which goes to the driver as it is. The driver copies the values at each launch.
 *
 * <pre>{@code kernel.pointer(x).pointer(y).number(rows).launch(stream, Launch.of(rows, 256));}
 * </pre>
 */
final class Kernel {
  private static final int SLOT_BYTES = 8;

  private final Signature signature;
  private final CUfunction function;
  private final MemorySegment values; // [argument] 8 bytes each
  private final Pointer addresses;
  private int next;

  Kernel(Arena arena, CUfunction function, Signature signature) {
    this.function = function;
    this.signature = signature;
    int count = signature.arguments().length();
    values = arena.allocate((long) SLOT_BYTES * count, SLOT_BYTES);
    MemorySegment array = arena.allocate((long) SLOT_BYTES * count, SLOT_BYTES);
    for (int i = 0; i < count; i++) {
      array.setAtIndex(ValueLayout.JAVA_LONG, i, values.address() + (long) i * SLOT_BYTES);
    }
    addresses = Pointer.to(array.asByteBuffer());
  }

  /**
   * What a kernel takes.
   *
   * @param arguments one letter each: {@code p} pointer, {@code l} 64-bit integer, {@code i} 32-bit
   *     integer, {@code f} float
   */
  record Signature(String name, String arguments) {
    Signature {
      if (!arguments.matches("[plif]+")) {
        throw new IllegalArgumentException(name + ": no argument letters: " + arguments);
      }
    }
  }

  Kernel pointer(DeviceBuffer buffer) {
    return address(buffer.address());
  }

  /** A pointer that may be null. */
  Kernel address(long address) {
    values.set(ValueLayout.JAVA_LONG, slot('p'), address);
    return this;
  }

  Kernel number(int value) {
    values.set(ValueLayout.JAVA_INT, slot('i'), value);
    return this;
  }

  Kernel number(long value) {
    values.set(ValueLayout.JAVA_LONG, slot('l'), value);
    return this;
  }

  Kernel number(float value) {
    values.set(ValueLayout.JAVA_FLOAT, slot('f'), value);
    return this;
  }

  void launch(CudaStream stream, Launch launch) {
    if (next != signature.arguments().length()) {
      throw new IllegalStateException(
          "%s takes %d arguments, %d were given"
              .formatted(signature.name(), signature.arguments().length(), next));
    }
    next = 0;
    Driver.launch(function, launch, stream.driverStream(), addresses);
  }

  private long slot(char kind) {
    int i = next++;
    if (i >= signature.arguments().length() || signature.arguments().charAt(i) != kind) {
      next = 0;
      throw new IllegalStateException(
          "%s(%s): argument %d is not of kind %s"
              .formatted(signature.name(), signature.arguments(), i, kind));
    }
    return (long) i * SLOT_BYTES;
  }
}
