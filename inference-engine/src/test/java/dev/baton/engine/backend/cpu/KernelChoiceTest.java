package dev.baton.engine.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.engine.EngineException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
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
  void aCpuWithoutAvx2FallsBackWithItsReason() {
    KernelChoice choice = KernelChoice.of(null, NativeLibrary.instance(), () -> 0);
    assertThat(choice.set()).isEqualTo(KernelSet.VECTOR);
    assertThat(choice.reason()).doesNotContain("\n");
    if (NativeLibrary.instance().symbols() != null) {
      assertThat(choice.reason()).contains("no native-avx2", "lacks its instructions");
    }
  }

  @Test
  void aLibraryForAnotherLibcFallsBackWithItsReason() throws IOException {
    Path other = folder.resolve("other-libc.so");
    try (InputStream own = NativeLibrary.class.getResourceAsStream("native/libbaton-kernels.so")) {
      byte[] bytes = own == null ? new byte[0] : own.readAllBytes();
      String text = new String(bytes, StandardCharsets.ISO_8859_1);
      String renamed = text.replace("libc.so.6", "libc.so.9"); // the one that it asks for
      Files.write(other, renamed.getBytes(StandardCharsets.ISO_8859_1));
      KernelChoice choice = KernelChoice.of(null, NativeLibrary.load(other.toString(), null));
      assertThat(choice.set()).isEqualTo(KernelSet.VECTOR);
      assertThat(choice.reason())
          .contains("does not load", own == null ? "other-libc.so" : "libc.so.9")
          .doesNotContain("\n");
    }
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
