package dev.baton.cuda;

import java.lang.foreign.MemorySegment;
import jcuda.Pointer;

/**
 * Host memory that the GPU copies from and to on its own. Only such memory takes part in copies:
 * the driver would otherwise copy twice, and JCuda would name a Java array's address, which moves.
 */
public final class PinnedBuffer {
  private final Pointer pointer;
  private final MemorySegment memory;

  PinnedBuffer(Pointer pointer, long sizeBytes) {
    this.pointer = pointer;
    memory = MemorySegment.ofBuffer(Driver.view(pointer, sizeBytes));
  }

  /** The bytes; not to be touched while a copy that was not waited for runs. */
  public MemorySegment memory() {
    return memory;
  }

  Pointer pointer(long offset, long sizeBytes) {
    memory.asSlice(offset, sizeBytes); // checks the range
    return pointer;
  }

  void free() {
    Driver.freePinned(pointer);
  }
}
