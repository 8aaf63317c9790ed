package dev.baton.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.cuda.Kernel.Signature;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What launchers hand over against what the kernels take, by the host build's own description. */
final class KernelSignatureTest {
  private static final int COUNT_OFFSET = 8;
  private static final int SIZES_OFFSET = 16;

  @Test
  void everyLaunchersArgumentsAreTheKernels() throws Throwable {
    StandIn.require();
    List<Signature> all = new ArrayList<>(RowKernels.signatures());
    all.addAll(LinearKernels.signatures());
    all.addAll(RelayKernels.signatures());
    all.add(SampleKernel.SIGNATURE);
    all.addAll(GemmKernels.signatures());
    SymbolLookup library =
        SymbolLookup.libraryLookup(StandIn.file("kernels.host.so"), Arena.global());
    for (Signature signature : all) {
      assertThat(sizes(library, signature.name())).as(signature.name()).isEqualTo(sizes(signature));
    }
  }

  private static List<Integer> sizes(Signature signature) {
    return signature.arguments().chars().mapToObj(c -> c == 'p' || c == 'l' ? 8 : 4).toList();
  }

  private static List<Integer> sizes(SymbolLookup library, String kernel) throws Throwable {
    MemorySegment described =
        (MemorySegment)
            Linker.nativeLinker()
                .downcallHandle(
                    library.find("emu_kernel_" + kernel).orElseThrow(),
                    FunctionDescriptor.of(ValueLayout.ADDRESS))
                .invokeExact();
    MemorySegment kernelInfo = described.reinterpret(64);
    int count = kernelInfo.get(ValueLayout.JAVA_INT, COUNT_OFFSET);
    MemorySegment sizes = kernelInfo.get(ValueLayout.ADDRESS, SIZES_OFFSET).reinterpret(4L * count);
    List<Integer> found = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      found.add(sizes.getAtIndex(ValueLayout.JAVA_INT, i));
    }
    return found;
  }
}
