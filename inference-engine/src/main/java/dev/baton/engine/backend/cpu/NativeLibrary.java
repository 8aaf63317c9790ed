package dev.baton.engine.backend.cpu;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * The kernels in C, loaded once a process: from the resource that the build made, unpacked to a
 * private cache file named by its content, or from the file that {@value #FILE} names.
 *
 * <p>Loading never fails the start; {@link #trouble()} says why there is no library.
 */
final class NativeLibrary {
  /** System property: a library file instead of the packaged one. */
  static final String FILE = "baton.engine.kernels.library";

  /** System property: where the packaged library is unpacked, instead of the user's cache. */
  static final String CACHE = "baton.engine.kernels.cache";

  private static final String NAME = "libbaton-kernels.so";
  private static final NativeLibrary INSTANCE = load();

  private final @Nullable SymbolLookup symbols;
  private final String trouble;

  private NativeLibrary(@Nullable SymbolLookup symbols, String trouble) {
    this.symbols = symbols;
    this.trouble = trouble;
  }

  /** What this process loaded. */
  static NativeLibrary instance() {
    return INSTANCE;
  }

  /** The library's functions, or null. */
  @Nullable SymbolLookup symbols() {
    return symbols;
  }

  /** Why there are no symbols, a clause with its remedy; empty when there are. */
  String trouble() {
    return trouble;
  }

  private static NativeLibrary load() {
    return load(System.getProperty(FILE), System.getProperty(CACHE));
  }

  /**
   * Loads anew; for tests, which force what fails.
   *
   * @param file a library, or null for the packaged one
   * @param cache folder to unpack to, or null for the user's
   */
  static NativeLibrary load(@Nullable String file, @Nullable String cache) {
    Path library;
    try {
      library = file != null ? Path.of(file) : unpack(cache);
    } catch (IOException | UncheckedIOException e) {
      return none("the native library can not be unpacked (%s); set -D%s=FOLDER", e, CACHE);
    }
    if (library == null) {
      return new NativeLibrary(
          null, "this build has no native library: it needs Linux on x86-64 and gcc 12 or later");
    }
    try {
      return new NativeLibrary(SymbolLookup.libraryLookup(library, Arena.global()), "");
    } catch (IllegalArgumentException e) {
      return none(
          "the native library does not load (%s); set -D%s to a folder that may hold programs",
          reason(library, e), CACHE);
    } catch (IllegalCallerException e) {
      return none("native access is not allowed (%s); add %s", e, "--enable-native-access");
    }
  }

  private static Exception reason(Path library, IllegalArgumentException e) {
    try {
      // dlopen's own words: the foreign-function API keeps them to itself.
      System.load(library.toAbsolutePath().toString());
      return e;
    } catch (UnsatisfiedLinkError link) {
      return new IllegalArgumentException(link.getMessage(), link);
    }
  }

  private static NativeLibrary none(String message, Exception cause, String remedy) {
    String why = String.valueOf(cause.getMessage());
    return new NativeLibrary(
        null,
        message.formatted(
            cause instanceof AccessDeniedException ? "no permission: " + why : why, remedy));
  }

  /** The unpacked library, or null when this build has none. */
  private static @Nullable Path unpack(@Nullable String cache) throws IOException {
    byte[] bytes;
    try (InputStream resource = NativeLibrary.class.getResourceAsStream("native/" + NAME)) {
      if (resource == null) {
        return null;
      }
      bytes = resource.readAllBytes();
    }
    Path folder = cache != null ? Path.of(cache) : userCache();
    Files.createDirectories(folder);
    Path library = folder.resolve("%s-%s".formatted(checksum(bytes), NAME));
    if (Files.isRegularFile(library) && Arrays.equals(Files.readAllBytes(library), bytes)) {
      return library;
    }
    // Written aside and moved, so that no other process loads half a library.
    Path part =
        Files.createTempFile(
            folder,
            NAME,
            ".part",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    Files.write(part, bytes);
    try {
      Files.move(part, library, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(part, library, StandardCopyOption.REPLACE_EXISTING);
    }
    return library;
  }

  private static Path userCache() {
    String given = System.getenv("XDG_CACHE_HOME");
    Path home = Path.of(System.getProperty("user.home", "."));
    Path cache = given == null || given.isEmpty() ? home.resolve(".cache") : Path.of(given);
    return Files.isWritable(cache) || Files.isWritable(home)
        ? cache.resolve("baton")
        : Path.of(System.getProperty("java.io.tmpdir"), "baton-" + System.getProperty("user.name"));
  }

  /** For a name only; what is found under it is compared whole. */
  private static String checksum(byte[] bytes) {
    CRC32 checksum = new CRC32();
    checksum.update(bytes);
    return "%08x".formatted(checksum.getValue());
  }
}
