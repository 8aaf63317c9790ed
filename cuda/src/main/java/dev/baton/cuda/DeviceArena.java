package dev.baton.cuda;

/**
 * Hands out parts of one large device allocation. Nothing is given back before the GPU closes: all
 * memory is taken at start, since allocating waits for the device and is forbidden in a capture.
 */
public final class DeviceArena {
  private static final long ALIGNMENT = 256;

  private final DeviceBuffer memory;
  private final String purpose;
  private long used;

  DeviceArena(DeviceBuffer memory, String purpose) {
    this.memory = memory;
    this.purpose = purpose;
  }

  /** Bytes that a part of so many bytes takes, to add up an arena's size by. */
  public static long aligned(long sizeBytes) {
    return Math.ceilDiv(sizeBytes, ALIGNMENT) * ALIGNMENT;
  }

  /** The next free part, aligned to {@value #ALIGNMENT} bytes. */
  public DeviceBuffer take(long sizeBytes) {
    if (sizeBytes > memory.sizeBytes() - used) {
      throw new IllegalStateException(
          "the GPU memory for %s is too small: %d bytes wanted, %d of %d are left"
              .formatted(purpose, sizeBytes, memory.sizeBytes() - used, memory.sizeBytes()));
    }
    DeviceBuffer part = memory.slice(used, sizeBytes);
    used = Math.min(memory.sizeBytes(), used + aligned(sizeBytes));
    return part;
  }

  public DeviceBuffer floats(long... shape) {
    return take(elements(shape) * Float.BYTES);
  }

  public DeviceBuffer ints(long... shape) {
    return take(elements(shape) * Integer.BYTES);
  }

  /** For bf16 and f16. */
  public DeviceBuffer halves(long... shape) {
    return take(elements(shape) * Short.BYTES);
  }

  private static long elements(long[] shape) {
    long count = 1;
    for (long size : shape) {
      count = Math.multiplyExact(count, size);
    }
    return count;
  }
}
