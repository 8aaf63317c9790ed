package dev.baton.platform.serve;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Optional;

/**
 * The directory that holds what outlives the process: Redis' data, the admin token, generated
 * models. One process at a time owns it, by a file lock that dies with the process.
 */
final class DataDirectory implements AutoCloseable {
  private final Path root;
  private final FileChannel lock;

  private DataDirectory(Path root, FileChannel lock) {
    this.root = root;
    this.lock = lock;
  }

  /**
   * Creates the directory where needed and takes its lock.
   *
   * @throws StartFailure when it can not be written, or another process has it
   */
  static DataDirectory open(Path directory) {
    Path root = directory.toAbsolutePath().normalize();
    FileChannel lock;
    try {
      Files.createDirectories(root);
      lock =
          FileChannel.open(
              root.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    } catch (IOException e) {
      throw new StartFailure(
          "can not write to the data directory %s (%s). Give another one with --data DIR."
              .formatted(root, reason(e)),
          e);
    }
    try {
      if (lock.tryLock() != null) {
        return new DataDirectory(root, lock);
      }
    } catch (OverlappingFileLockException e) {
      // Held by this very process: the same answer as for another one.
    } catch (IOException e) {
      throw new StartFailure("can not lock the data directory " + root + ": " + reason(e), e);
    }
    close(lock);
    throw new StartFailure(
        ("the data directory %s is in use by another 'baton serve'. Stop that one, or give another"
                + " directory with --data DIR.")
            .formatted(root));
  }

  Path resolve(String name) {
    return root.resolve(name);
  }

  /** A subdirectory that only its owner may enter. */
  Path privateDirectory(String name) {
    Path directory = root.resolve(name);
    try {
      Files.createDirectories(directory);
      if (posix()) {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
      }
      return directory;
    } catch (IOException e) {
      throw new StartFailure("can not create " + directory + ": " + reason(e), e);
    }
  }

  /** The text of a small file, if it is there and not blank. */
  Optional<String> read(String name) {
    Path file = root.resolve(name);
    try {
      String text = Files.exists(file) ? Files.readString(file).strip() : "";
      return text.isEmpty() ? Optional.empty() : Optional.of(text);
    } catch (IOException e) {
      throw new StartFailure("can not read " + file + ": " + reason(e), e);
    }
  }

  /** Replaces a file that only its owner may read; a crash leaves the old or the new one. */
  Path writeSecret(String name, String text) {
    Path file = root.resolve(name);
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    try {
      Files.deleteIfExists(fresh);
      if (posix()) {
        Files.createFile(
            fresh,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      }
      Files.writeString(fresh, text, StandardCharsets.UTF_8);
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      return file;
    } catch (IOException e) {
      throw new StartFailure("can not write " + file + ": " + reason(e), e);
    }
  }

  /** 256 random bits in hex. */
  static String secret() {
    byte[] bits = new byte[32];
    new SecureRandom().nextBytes(bits);
    return HexFormat.of().formatHex(bits);
  }

  private boolean posix() {
    return root.getFileSystem().supportedFileAttributeViews().contains("posix");
  }

  private static String reason(IOException e) {
    String reason = e instanceof FileSystemException file ? file.getReason() : e.getMessage();
    return e.getClass().getSimpleName() + (reason == null ? "" : ": " + reason);
  }

  private static void close(FileChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      throw new StartFailure("can not close the data directory's lock: " + reason(e), e);
    }
  }

  @Override
  public void close() {
    close(lock);
  }
}
