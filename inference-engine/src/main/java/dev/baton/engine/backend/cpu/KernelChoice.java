package dev.baton.engine.backend.cpu;

import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.tensor.TensorType;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The kernels that this machine computes with, and why.
 *
 * @param set the fastest that the CPU, the system and the library allow, or the one asked for
 * @param reason one line that says why no faster one
 */
public record KernelChoice(KernelSet set, String reason) {

  /**
   * Chooses by the machine, or takes what {@link KernelSet#PROPERTY} asks for.
   *
   * @throws EngineException {@link ErrorCode#CONFIGURATION_INVALID} when that is not to be had
   */
  public static KernelChoice here() {
    return of(KernelSet.wanted(), NativeLibrary.instance());
  }

  /**
   * As {@link #here()}, for a model with weights of these types: its kernels are checked with those
   * alone, as a start is in a hurry.
   */
  public static KernelChoice forWeights(Set<TensorType> types) {
    return of(KernelSet.wanted(), NativeLibrary.instance(), NativeCalls::probe, types);
  }

  static KernelChoice of(@Nullable KernelSet wanted, NativeLibrary library) {
    return of(wanted, library, NativeCalls::probe);
  }

  /**
   * As {@link #here()}.
   *
   * @param probe bits of the tiers that the CPU and the system offer; asked only with a library
   */
  static KernelChoice of(@Nullable KernelSet wanted, NativeLibrary library, IntSupplier probe) {
    return of(wanted, library, probe, EnumSet.allOf(TensorType.class));
  }

  private static KernelChoice of(
      @Nullable KernelSet wanted, NativeLibrary library, IntSupplier probe, Set<TensorType> types) {
    if (wanted == KernelSet.VECTOR) {
      return new KernelChoice(KernelSet.VECTOR, "asked for by " + KernelSet.PROPERTY);
    }
    List<String> missing = new ArrayList<>();
    for (KernelSet set : KernelSet.values()) {
      if (wanted != null && wanted != set) {
        continue;
      }
      String trouble = trouble(set, library, probe, types);
      if (trouble.isEmpty()) {
        String reason =
            wanted != null ? "asked for by " + KernelSet.PROPERTY : String.join("; ", missing);
        return new KernelChoice(set, reason.isEmpty() ? "the fastest there is" : reason);
      }
      if (wanted != null) {
        throw new EngineException(
            ErrorCode.CONFIGURATION_INVALID,
            "%s=%s: %s".formatted(KernelSet.PROPERTY, wanted.title(), trouble));
      }
      if (!missing.contains(trouble)) {
        missing.add(trouble);
      }
    }
    throw new IllegalStateException("the Vector API is always there");
  }

  /** Why a set can not be used, one clause; empty when it can. */
  private static String trouble(
      KernelSet set, NativeLibrary library, IntSupplier probe, Set<TensorType> types) {
    if (!set.isNative()) {
      return "";
    }
    if (library.symbols() == null) {
      return library.trouble();
    }
    if (!NativeCalls.abiMatches(library.symbols())) {
      return "the native library is of another build; rebuild, or unset " + NativeLibrary.FILE;
    }
    if ((probe.getAsInt() & set.bit()) == 0) {
      return "no " + set.title() + ": the CPU or the system lacks its instructions";
    }
    String difference = NativeSelfCheck.difference(set, types);
    return difference.isEmpty() ? "" : "no " + set.title() + ": " + difference;
  }
}
