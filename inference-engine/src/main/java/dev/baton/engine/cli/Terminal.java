package dev.baton.engine.cli;

import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.function.ToIntFunction;
import picocli.CommandLine.ExitCode;

/**
 * Where a command reads and writes: results on {@code out}, all else on {@code err}, UTF-8 whatever
 * the locale.
 */
public record Terminal(InputStream in, OutputStream out, OutputStream err) {

  /** The command ends with this message and exit code 1. */
  public static final class Failure extends RuntimeException {
    private static final long serialVersionUID = 1;

    public Failure(String message) {
      super(message);
    }
  }

  /** Runs a command on the process's streams. */
  public static int withStandardStreams(ToIntFunction<Terminal> command) {
    // Not System.out: its encoding is the locale's, and it flushes at every line.
    try (OutputStream out =
            new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), 1 << 16);
        OutputStream err = new FileOutputStream(FileDescriptor.err)) {
      return command.applyAsInt(new Terminal(System.in, out, err));
    } catch (IOException e) {
      return ExitCode.SOFTWARE; // the reader of a pipe went away
    }
  }

  public void print(String text) {
    write(out, text);
  }

  public void error(String text) {
    write(err, text);
  }

  public void flush() {
    try {
      out.flush();
      err.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void write(OutputStream stream, String text) {
    try {
      stream.write(text.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The argument itself, or all of the input where it is {@code -}. */
  String textOrInput(String argument) {
    return argument.equals("-") ? text("the input", read("-")) : argument;
  }

  /** What errors call a file. */
  static String name(String file) {
    return file.equals("-") ? "the input" : file;
  }

  /** The text of a file, or of the input where the name is {@code -}. */
  String textOf(String file) {
    return text(name(file), read(file));
  }

  byte[] read(String file) {
    try {
      return file.equals("-") ? in.readAllBytes() : Files.readAllBytes(Path.of(file));
    } catch (NoSuchFileException e) {
      throw new Failure(file + ": there is no such file; check the path");
    } catch (AccessDeniedException e) {
      throw new Failure(file + ": may not be read; check its permissions");
    } catch (IOException e) {
      throw new Failure(file + ": can not be read: " + e.getMessage());
    }
  }

  private static String text(String name, byte[] bytes) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new Failure(name + ": is not valid UTF-8; convert it (iconv -t utf-8)");
    }
  }
}
