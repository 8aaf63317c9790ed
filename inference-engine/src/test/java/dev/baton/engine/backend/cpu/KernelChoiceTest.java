package dev.baton.engine.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.engine.EngineException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is chosen, and what is said, where the library does not load. */
class KernelChoiceTest {
  @TempDir private Path folder;

  @Test
  void aLibraryThatIsNoneFallsBackWithItsReason() throws IOException {
    Path wrong = Files.writeString(folder.resolve("wrong.so"), "no library");
    KernelChoice choice = KernelChoice.of(null, NativeLibrary.load(wrong.toString(), null));
    assertThat(choice.set()).isEqualTo(KernelSet.VECTOR);
    assertThat(choice.reason())
        .contains("does not load", "wrong.so", NativeLibrary.CACHE)
        .doesNotContain("\n");
  }

  @Test
  void aMissingFileFallsBackWithItsReason() {
    String missing = folder.resolve("missing.so").toString();
    KernelChoice choice = KernelChoice.of(null, NativeLibrary.load(missing, null));
    assertThat(choice.set()).isEqualTo(KernelSet.VECTOR);
    assertThat(choice.reason()).contains("missing.so").doesNotContain("\n");
  }

  @Test
  void aCacheThatCanNotBeWrittenFallsBackOrNeedsNone() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "in the way");
    NativeLibrary library = NativeLibrary.load(null, file.resolve("cache").toString());
    assertThat(library.symbols()).isNull();
    assertThat(library.trouble()).isNotEmpty().doesNotContain("\n");
  }

  @Test
  void aSetThatIsNotThereIsRefusedByNameWithItsReason() {
    NativeLibrary none = NativeLibrary.load(folder.resolve("missing.so").toString(), null);
    assertThatThrownBy(() -> KernelChoice.of(KernelSet.NATIVE_AVX512, none))
        .isInstanceOf(EngineException.class)
        .hasMessageContaining("baton.engine.kernels=native-avx512")
        .hasMessageContaining("missing.so");
  }

  @Test
  void theVectorApiIsAlwaysThere() {
    NativeLibrary none = NativeLibrary.load(folder.resolve("missing.so").toString(), null);
    assertThat(KernelChoice.of(KernelSet.VECTOR, none).set()).isEqualTo(KernelSet.VECTOR);
    assertThat(TestKernels.available()).contains(KernelSet.VECTOR);
  }
}
