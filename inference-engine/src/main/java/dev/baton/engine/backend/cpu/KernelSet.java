package dev.baton.engine.backend.cpu;

import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What computes products and attention, the fastest first. */
public enum KernelSet {
  NATIVE_AMX(4),
  NATIVE_AVX512(2),
  NATIVE_AVX2(1),
  VECTOR(0);

  /** Forces a set: {@code auto} or one of {@link #title()}. */
  public static final String PROPERTY = "baton.engine.kernels";

  private final int bit;

  KernelSet(int bit) {
    this.bit = bit;
  }

  /** What the native library's probe and kernels call this tier; 0 for none. */
  int bit() {
    return bit;
  }

  boolean isNative() {
    return bit != 0;
  }

  /**
   * Zeroed memory that lives as long as {@code arena}; where the native library is there to ask for
   * it, in huge pages that become resident when they are touched.
   */
  MemorySegment allocate(Arena arena, long bytes) {
    return isNative() ? NativeCalls.allocate(arena, bytes) : arena.allocate(bytes, 64);
  }

  /** As settings and messages write it. */
  public String title() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /**
   * The set that the system property {@value #PROPERTY} asks for; null leaves the choice to the
   * machine.
   *
   * @throws EngineException {@link ErrorCode#CONFIGURATION_INVALID} for another name
   */
  static @Nullable KernelSet wanted() {
    String name = System.getProperty(PROPERTY, "auto").strip().toLowerCase(Locale.ROOT);
    if (name.equals("auto")) {
      return null;
    }
    for (KernelSet set : values()) {
      if (set.title().equals(name)) {
        return set;
      }
    }
    List<String> titles = Arrays.stream(values()).map(KernelSet::title).toList();
    throw new EngineException(
        ErrorCode.CONFIGURATION_INVALID,
        "%s is auto or one of %s, not '%s'".formatted(PROPERTY, String.join(", ", titles), name));
  }
}
