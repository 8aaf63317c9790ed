package dev.baton.cuda;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;
import jcuda.driver.JCudaDriver;
import org.jspecify.annotations.Nullable;

/**
 * Brings the NVIDIA driver's library and JCuda's native part into the process, once.
 *
 * <p>JCuda's class fails for good when its first use fails. So the driver is looked for before
 * JCuda is touched, and a machine without one may get one later in the same process.
 *
 * <p>JCuda unpacks its native part to {@code java.io.tmpdir} and loads what lies there under its
 * name, whoever put it there. So that property points at a folder of our own, readable by nobody
 * else, while JCuda initialises.
 */
final class DriverLibrary {
  private static final String SONAME = "libcuda.so.1";
  private static final DriverLibrary INSTANCE = new DriverLibrary();

  private boolean loaded;

  private DriverLibrary() {}

  /** Loads both; returns why it could not, or null. */
  static @Nullable String load(@Nullable Path driver) {
    return INSTANCE.loadOnce(driver);
  }

  private synchronized @Nullable String loadOnce(@Nullable Path driver) {
    if (loaded) {
      return null;
    }
    try {
      if (driver != null) {
        System.load(driver.toAbsolutePath().toString());
      } else {
        SymbolLookup.libraryLookup(SONAME, Arena.global());
      }
    } catch (UnsatisfiedLinkError | IllegalArgumentException e) {
      return ("no NVIDIA driver: %s can not be loaded. Install the NVIDIA driver, or start the"
              + " container with the NVIDIA runtime")
          .formatted(driver == null ? SONAME : driver);
    }
    try {
      initialiseJcuda();
    } catch (LinkageError e) {
      return "the NVIDIA driver is there, but JCuda's native part does not load on this machine: "
          + e;
    }
    loaded = true;
    return null;
  }

  private static void initialiseJcuda() {
    String before = System.getProperty("java.io.tmpdir");
    Path folder = privateFolder();
    System.setProperty("java.io.tmpdir", folder.toString());
    try {
      JCudaDriver.setExceptionsEnabled(false);
    } finally {
      System.setProperty("java.io.tmpdir", before);
      delete(folder); // what is loaded stays mapped
    }
  }

  private static Path privateFolder() {
    try {
      return Files.createTempDirectory(
          "baton-jcuda-",
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } catch (IOException e) {
      throw new UncheckedIOException("no folder for JCuda's native part", e);
    }
  }

  private static void delete(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.deleteIfExists(file);
      }
      Files.deleteIfExists(folder);
    } catch (IOException e) {
      System.getLogger(DriverLibrary.class.getName())
          .log(System.Logger.Level.WARNING, "could not delete " + folder, e);
    }
  }
}
