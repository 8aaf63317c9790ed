package dev.baton.engine.backend.cpu;

import dev.baton.engine.tensor.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A native tier as a backend uses it, with the memory that packed activations lie in. */
final class NativeKernels {
  /** Bytes behind the last panel that kernels fetch ahead and never use. */
  static final long READ_AHEAD = 8192;

  /** Of packed activations of each kind: quantised for quantised weights, f32 for plain ones. */
  private static final long INPUT_BYTES = 32L << 20;

  private final KernelSet set;
  private final MemorySegment quantisedInput;
  private final MemorySegment plainInput;

  NativeKernels(KernelSet set, Arena arena) {
    this.set = set;
    quantisedInput = NativeCalls.allocate(arena, INPUT_BYTES);
    plainInput = NativeCalls.allocate(arena, INPUT_BYTES);
  }

  KernelSet set() {
    return set;
  }

  /** Address of the packed activations of the running product. */
  long input(boolean quantised) {
    return (quantised ? quantisedInput : plainInput).address();
  }

  /** Rows of so many columns whose packed activations fit. */
  int rowsAtOnce(int columns) {
    long rows = INPUT_BYTES / Math.max(1, NativeCalls.inputBytes(set, TensorType.F32, 48, columns));
    if (rows == 0) {
      throw new IllegalArgumentException("a product over " + columns + " columns is too wide");
    }
    return (int) Math.min(rows * 48, 1 << 20);
  }
}
