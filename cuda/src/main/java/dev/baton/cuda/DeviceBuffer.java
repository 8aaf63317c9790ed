package dev.baton.cuda;

/** A range of device memory: {@code [address, address + sizeBytes)}. */
public record DeviceBuffer(long address, long sizeBytes) {
  public DeviceBuffer {
    if (address == 0 || sizeBytes < 0) {
      throw new IllegalArgumentException(
          "no device range: %d bytes at %x".formatted(sizeBytes, address));
    }
  }

  public DeviceBuffer slice(long offset, long size) {
    if (offset < 0 || size < 0 || offset > sizeBytes - size) {
      throw new IndexOutOfBoundsException(
          "[%d, %d) of a buffer of %d bytes".formatted(offset, offset + size, sizeBytes));
    }
    return new DeviceBuffer(address + offset, size);
  }

  /** What lies behind so many f32 values. */
  public DeviceBuffer behindFloats(long count) {
    long bytes = count * Float.BYTES;
    return slice(bytes, sizeBytes - bytes);
  }

  /** Checks that so many bytes are there; a launcher calls it for each argument. */
  DeviceBuffer require(long bytes, String name) {
    if (sizeBytes < bytes) {
      throw new IllegalArgumentException(
          "%s: needs %d bytes, the buffer has %d".formatted(name, bytes, sizeBytes));
    }
    return this;
  }
}
