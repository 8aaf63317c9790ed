package dev.baton.platform.quota;

import dev.baton.admin.usage.Settlement;
import jakarta.annotation.PreDestroy;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import tools.jackson.databind.json.JsonMapper;

/**
 * Settlements that Redis did not take, on disk until it does.
 *
 * <p>Implementation note: one thread writes; what has come in while it synced goes with the next
 * sync. It appends to a file of its own, which it holds locked; {@link #sealed} ends that file and
 * lists all that nobody writes to, those of dead processes too. Bounded: {@link #isFull} says so
 * before a request is let in that might not find room at its end. Files are made when first needed.
 */
@Component
final class Spool {
  private static final Logger log = LoggerFactory.getLogger(Spool.class);
  private static final String SUFFIX = ".spool";

  /** A line has about 500 bytes. */
  private static final int LINE_BYTES = 1024;

  private final Path directory;
  private final long limitBytes;
  private final JsonMapper json;
  private final ExecutorService writer =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().daemon().name("baton-usage-spool").factory());
  private final Queue<Pending> queue = new ConcurrentLinkedQueue<>();
  private final AtomicLong bytes;
  private @Nullable Open open; // writer thread only

  private record Pending(byte[] line, Sinks.Empty<Void> written) {}

  private record Open(Path path, FileChannel channel) {}

  Spool(QuotaSettings settings, JsonMapper json) {
    directory = settings.spoolDirectory().toAbsolutePath().normalize();
    limitBytes = settings.spoolLimit().toBytes();
    this.json = json;
    bytes = new AtomicLong(existingBytes(directory));
  }

  /** Completes when the settlement is on disk; never fails: what can not be written is logged. */
  Mono<Void> append(Settlement settlement) {
    return Mono.defer(() -> {
      Pending pending = new Pending(SpoolLine.write(json, settlement), Sinks.empty());
      bytes.addAndGet(pending.line().length);
      queue.add(pending);
      writer.execute(this::flush);
      return pending.written().asMono();
    });
  }

  /** Whether this many requests more might not find room. */
  boolean isFull(int requests) {
    return bytes.get() + (long) requests * LINE_BYTES > limitBytes;
  }

  boolean isEmpty() {
    return sizeBytes() == 0;
  }

  /** What is on disk, and what is about to be. */
  long sizeBytes() {
    return bytes.get();
  }

  /** Files that nobody appends to any more, oldest first. */
  Mono<List<Path>> sealed() {
    return onWriter(() -> {
      close();
      List<Path> free = new ArrayList<>();
      for (Path file : files(directory)) {
        if (isFree(file)) {
          free.add(file);
        }
      }
      return free;
    });
  }

  /** Forgets a file whose settlements all are in the ledger. */
  Mono<Void> delete(Path file) {
    return onWriter(
            () -> {
              long size = Files.size(file);
              Files.delete(file);
              bytes.addAndGet(-size);
              return file;
            })
        .then();
  }

  private void flush() {
    List<Pending> batch = new ArrayList<>();
    for (Pending next = queue.poll(); next != null; next = queue.poll()) {
      batch.add(next);
    }
    if (batch.isEmpty()) {
      return;
    }
    try {
      FileChannel channel = channel();
      for (Pending pending : batch) {
        ByteBuffer line = ByteBuffer.wrap(pending.line());
        while (line.hasRemaining()) {
          channel.write(line);
        }
      }
      channel.force(false);
    } catch (IOException e) {
      for (Pending pending : batch) {
        log.error(
            "usage could not be written to {} ({}) and is kept in this line only: {}",
            directory,
            e.toString(),
            new String(pending.line(), StandardCharsets.UTF_8).strip());
        bytes.addAndGet(-pending.line().length);
      }
      closeQuietly(); // what comes next must not follow half a line
    }
    batch.forEach(pending -> pending.written().tryEmitEmpty());
  }

  private FileChannel channel() throws IOException {
    Open present = open;
    if (present == null) {
      Files.createDirectories(directory);
      String name = "%016x-%d".formatted(System.currentTimeMillis(), ProcessHandle.current().pid());
      Path path = create(name);
      FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE);
      FileLock lock = channel.lock();
      log.warn("usage is spooled to {} until Redis takes it ({})", path, lock.isValid());
      present = new Open(path, channel);
      open = present;
    }
    return present.channel();
  }

  /** Two files may be begun in one millisecond. */
  private Path create(String name) throws IOException {
    for (int i = 0; ; i++) {
      Path path = directory.resolve(name + "-" + i + SUFFIX);
      if (Files.notExists(path)) {
        return directory.getFileSystem().supportedFileAttributeViews().contains("posix")
            ? Files.createFile(
                path,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))
            : Files.createFile(path);
      }
    }
  }

  private void close() throws IOException {
    Open present = open;
    if (present != null) {
      open = null;
      present.channel().close();
    }
  }

  private void closeQuietly() {
    try {
      close();
    } catch (IOException e) {
      log.error("the spool could not be closed: {}", e.toString());
    }
  }

  private static boolean isFree(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
        FileLock lock = channel.tryLock()) {
      return lock != null;
    } catch (OverlappingFileLockException e) {
      return false; // another platform in this process
    }
  }

  private static List<Path> files(Path directory) throws IOException {
    if (Files.notExists(directory)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(file -> file.toString().endsWith(SUFFIX)).sorted().toList();
    }
  }

  private static long existingBytes(Path directory) {
    try {
      long size = 0;
      for (Path file : files(directory)) {
        size += Files.size(file);
      }
      return size;
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "baton.quota.spool-directory %s can not be read (%s)".formatted(directory, e), e);
    }
  }

  private interface FileWork<T> {
    T run() throws IOException;
  }

  private <T> Mono<T> onWriter(FileWork<T> work) {
    return Mono.create(sink ->
        writer.execute(() -> {
          try {
            sink.success(work.run());
          } catch (IOException e) {
            sink.error(e);
          }
        }));
  }

  /** Writes what is still queued. */
  @PreDestroy
  void shutDown() {
    writer.execute(() -> {
      flush();
      closeQuietly();
    });
    writer.close();
  }
}
