package dev.baton.engine.backend.cpu;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.baton.engine.tensor.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/**
 * The functions of {@code kernels.h}, one method each. To be touched only when {@link
 * NativeLibrary#symbols()} found them.
 *
 * <p>Implementation note. Plain downcalls of 10 ns: a kernel may run for milliseconds, and critical
 * ones would hold up the garbage collector. The handles are constants, or each call would cost some
 * hundred nanoseconds. Addresses are passed as numbers, because a segment costs a liveness check.
 */
final class NativeCalls {
  /** Of {@code kernels.h} that this class was written for. */
  private static final int ABI = 2;

  private static final SymbolLookup SYMBOLS = symbols();

  private static final MethodHandle PROBE = handle("baton_probe", JAVA_INT);
  private static final MethodHandle ALLOCATE = handle("baton_allocate", ADDRESS, JAVA_LONG);
  private static final MethodHandle FREE = handle("baton_free", null, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle DROP = handle("baton_drop", null, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle PANEL_BYTES =
      handle("baton_panel_bytes", JAVA_LONG, JAVA_INT, JAVA_LONG);
  private static final MethodHandle PACK =
      handle(
          "baton_pack",
          null,
          JAVA_INT,
          JAVA_LONG,
          JAVA_LONG,
          JAVA_LONG,
          JAVA_LONG,
          JAVA_LONG,
          JAVA_LONG);
  private static final MethodHandle INPUT_BYTES =
      handle("baton_input_bytes", JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle INPUT_UNITS =
      handle("baton_input_units", JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle PACK_INPUT =
      handle(
          "baton_pack_input",
          null,
          JAVA_INT,
          JAVA_INT,
          JAVA_LONG,
          JAVA_LONG,
          JAVA_LONG,
          JAVA_LONG,
          JAVA_LONG,
          JAVA_LONG,
          JAVA_LONG);
  private static final MethodHandle PRODUCT =
      handle(
          "baton_product",
          null,
          JAVA_INT,
          JAVA_INT,
          JAVA_LONG,
          JAVA_LONG,
          JAVA_LONG,
          JAVA_LONG,
          JAVA_LONG,
          JAVA_LONG,
          JAVA_LONG,
          JAVA_LONG,
          JAVA_LONG);
  private static final MethodHandle ATTENTION_FLOATS =
      handle("baton_attention_floats", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle ATTEND =
      handle("baton_attend", null, JAVA_INT, JAVA_LONG, JAVA_INT);

  private NativeCalls() {}

  private static SymbolLookup symbols() {
    SymbolLookup symbols = NativeLibrary.instance().symbols();
    if (symbols == null) {
      throw new IllegalStateException(NativeLibrary.instance().trouble());
    }
    return symbols;
  }

  /** Whether the library that was found has these very functions. */
  static boolean abiMatches(SymbolLookup symbols) {
    return symbols.find("baton_abi").isPresent() && abi(symbols) == ABI;
  }

  private static int abi(SymbolLookup symbols) {
    try {
      return (int)
          Linker.nativeLinker()
              .downcallHandle(symbols.findOrThrow("baton_abi"), FunctionDescriptor.of(JAVA_INT))
              .invokeExact();
    } catch (Throwable e) {
      throw failed(e);
    }
  }

  private static MethodHandle handle(
      String name, @Nullable MemoryLayout result, MemoryLayout... arguments) {
    FunctionDescriptor type =
        result == null
            ? FunctionDescriptor.ofVoid(arguments)
            : FunctionDescriptor.of(result, arguments);
    return Linker.nativeLinker().downcallHandle(SYMBOLS.findOrThrow(name), type);
  }

  /** A downcall throws nothing of its own. */
  private static RuntimeException failed(Throwable e) {
    return new IllegalStateException("a native call failed", e);
  }

  /** {@link KernelSet#bit} of all tiers that this CPU and system offer. */
  static int probe() {
    try {
      return (int) PROBE.invokeExact();
    } catch (Throwable e) {
      throw failed(e);
    }
  }

  /**
   * Zeroed memory in huge pages that lives as long as {@code arena}.
   *
   * @throws OutOfMemoryError when the system has none left
   */
  static MemorySegment allocate(Arena arena, long bytes) {
    try {
      MemorySegment memory = (MemorySegment) ALLOCATE.invokeExact(bytes);
      if (memory.address() == 0) {
        throw new OutOfMemoryError("the system refused " + bytes + " bytes");
      }
      return memory.reinterpret(bytes, arena, freed -> free(freed.address(), bytes));
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw failed(e);
    }
  }

  private static void free(long address, long bytes) {
    try {
      FREE.invokeExact(address, bytes);
    } catch (Throwable e) {
      throw failed(e);
    }
  }

  /** Gives the pages of a file's mapping back to the system, which reads them again on demand. */
  static void drop(MemorySegment mapped) {
    try {
      DROP.invokeExact(mapped.address(), mapped.byteSize());
    } catch (Throwable e) {
      throw failed(e);
    }
  }

  /** Bytes of a panel of 16 rows. */
  static long panelBytes(TensorType type, long columns) {
    try {
      return (long) PANEL_BYTES.invokeExact(type.ggmlId(), columns);
    } catch (Throwable e) {
      throw failed(e);
    }
  }

  /** Lays panels [from, to) of {@code [rows, columns]} out for the kernels. */
  static void pack(
      TensorType type, long stored, long rows, long columns, long from, long to, long panels) {
    try {
      PACK.invokeExact(type.ggmlId(), stored, rows, columns, from, to, panels);
    } catch (Throwable e) {
      throw failed(e);
    }
  }

  static long inputBytes(KernelSet tier, TensorType type, long rows, long columns) {
    try {
      return (long) INPUT_BYTES.invokeExact(tier.bit(), type.ggmlId(), rows, columns);
    } catch (Throwable e) {
      throw failed(e);
    }
  }

  static long inputUnits(KernelSet tier, TensorType type, long rows, long columns) {
    try {
      return (long) INPUT_UNITS.invokeExact(tier.bit(), type.ggmlId(), rows, columns);
    } catch (Throwable e) {
      throw failed(e);
    }
  }

  /** Packs pieces [from, to) of {@code x [rows, columns]}. */
  static void packInput(
      KernelSet tier,
      TensorType type,
      long x,
      long rows,
      long columns,
      long from,
      long to,
      long input) {
    try {
      PACK_INPUT.invokeExact(tier.bit(), type.ggmlId(), x, columns, rows, columns, from, to, input);
    } catch (Throwable e) {
      throw failed(e);
    }
  }

  /**
   * Multiplies panels [from, to) of a matrix {@code [outputs, columns]} with packed activations.
   *
   * @param y address of output 0 of the first row; {@code stride} floats from row to row
   */
  static void product(
      KernelSet tier,
      TensorType type,
      long panels,
      long outputs,
      long columns,
      long input,
      long rows,
      long from,
      long to,
      long y,
      long stride) {
    try {
      PRODUCT.invokeExact(
          tier.bit(), type.ggmlId(), panels, outputs, columns, input, rows, from, to, y, stride);
    } catch (Throwable e) {
      throw failed(e);
    }
  }

  /** Floats of scratch memory for attention of so many rows, a multiple of 12. */
  static long attentionFloats(KernelSet tier, long capacity, long headDim, long paddedDim) {
    try {
      return (long) ATTENTION_FLOATS.invokeExact(tier.bit(), capacity, headDim, paddedDim);
    } catch (Throwable e) {
      throw failed(e);
    }
  }

  /**
   * Carries attention on over a range of keys.
   *
   * @param item a {@code baton_attention}
   * @param begin forgets what was before
   * @param end normalises the outputs
   */
  static void attend(KernelSet tier, MemorySegment item, boolean begin, boolean end) {
    try {
      ATTEND.invokeExact(tier.bit(), item.address(), (begin ? 1 : 0) | (end ? 2 : 0));
    } catch (Throwable e) {
      throw failed(e);
    }
  }
}
