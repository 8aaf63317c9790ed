package dev.baton.engine.backend.cpu;

import dev.baton.engine.EngineException;
import java.util.ArrayList;
import java.util.List;

/** The kernel sets that tests force one by one. */
final class TestKernels {
  private static final List<KernelSet> AVAILABLE = find();

  private TestKernels() {}

  /**
   * All sets that this machine and build have, the Vector API always among them. A run that {@link
   * KernelSet#PROPERTY} gives to AMX has that set alone, emulated where the CPU has no tiles.
   */
  static List<KernelSet> available() {
    return AVAILABLE;
  }

  private static List<KernelSet> find() {
    List<KernelSet> sets = new ArrayList<>();
    for (KernelSet set : KernelSet.values()) {
      try {
        sets.add(KernelChoice.of(set, NativeLibrary.instance()).set());
      } catch (EngineException e) {
        System.err.println("not tested here: " + e.getMessage());
      }
    }
    KernelSet wanted = KernelSet.wanted();
    if (wanted == null || !sets.contains(KernelSet.NATIVE_AVX512)) {
      return sets;
    }
    return List.of(KernelChoice.of(wanted, NativeLibrary.instance()).set());
  }
}
