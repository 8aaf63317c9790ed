package dev.baton.engine.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.JavaProgram;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Folders that the packaged library can not be loaded from, each in a process of its own: the
 * Vector API computes, and one line says why and what to do.
 */
class NativeLibraryFoldersTest {
  private static final boolean ROOT = "root".equals(System.getProperty("user.name"));

  @TempDir private Path folder;

  @BeforeEach
  void aLibraryIsPackaged() {
    Assumptions.assumeTrue(
        NativeLibrary.class.getResource("native/libbaton-kernels.so") != null,
        "this build has no native library");
  }

  @Test
  void aFolderThatMayHoldThemIsUsed() throws IOException, InterruptedException {
    Assumptions.assumeTrue(TestKernels.available().size() > 1, "this CPU runs no native kernels");
    assertThat(kernels(List.of())).startsWith("native-");
    try (var files = Files.list(folder)) {
      assertThat(files).hasSize(1);
    }
  }

  @Test
  void aFolderMountedNoexecFallsBackWithItsReason() throws IOException, InterruptedException {
    assertThat(kernels(mounted("noexec")))
        .startsWith("vector (the native library does not load (" + folder)
        .contains("failed to map segment", NativeLibrary.CACHE);
  }

  @Test
  void aFolderMountedReadOnlyFallsBackWithItsReason() throws IOException, InterruptedException {
    assertThat(kernels(mounted("ro")))
        .startsWith("vector (the native library can not be unpacked (" + folder)
        .contains("Read-only file system", NativeLibrary.CACHE);
  }

  @Test
  void aFolderWithoutPermissionFallsBackWithItsReason() throws IOException, InterruptedException {
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("---------"));
    try {
      assertThat(kernels(withoutPrivileges()))
          .startsWith("vector (the native library can not be unpacked (no permission: " + folder)
          .contains(NativeLibrary.CACHE);
    } finally {
      Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
    }
  }

  /** What the program says when it is started by such a command. */
  private String kernels(List<String> before) throws IOException, InterruptedException {
    List<String> lines =
        JavaProgram.run(
            before,
            List.of("-D%s=%s".formatted(NativeLibrary.CACHE, folder)),
            ShownKernels.class,
            List.of());
    assertThat(lines).hasSize(1);
    return lines.getFirst();
  }

  /** Mounts a file system of this kind over the folder, for the command that follows alone. */
  private List<String> mounted(String option) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("unshare", "--mount"));
    if (!ROOT) {
      command.addAll(List.of("--user", "--map-root-user"));
    }
    String script = "mount -t tmpfs -o %s tmpfs \"$0\" && exec \"$@\"".formatted(option);
    command.addAll(List.of("sh", "-c", script, folder.toString()));
    return permitted(command);
  }

  /** Root reads everything, unless it is told not to. */
  private static List<String> withoutPrivileges() throws IOException, InterruptedException {
    return ROOT
        ? permitted(List.of("setpriv", "--bounding-set=-dac_override,-dac_read_search"))
        : List.of();
  }

  private static List<String> permitted(List<String> command)
      throws IOException, InterruptedException {
    List<String> nothing = new ArrayList<>(command);
    nothing.add("true");
    String said = "";
    int code = 0;
    try {
      Process process = new ProcessBuilder(nothing).redirectErrorStream(true).start();
      said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      code = process.waitFor();
    } catch (IOException e) { // no such program
      said = String.valueOf(e.getMessage());
      code = -1;
    }
    Assumptions.assumeTrue(code == 0, "%s is not permitted here: %s".formatted(command, said));
    return command;
  }
}
