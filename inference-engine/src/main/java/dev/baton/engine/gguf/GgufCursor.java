package dev.baton.engine.gguf;

import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Reads a GGUF header from front to back. Every read is checked against the header's bounds first,
 * and every complaint names the file, the field, what was found and what was expected.
 */
final class GgufCursor {
  /** Headers of real models stay far below: the largest vocabularies take about 10 MB. */
  static final long MAX_HEADER_BYTES = 64L << 20;

  /**
   * Bounds what one array takes in memory, whatever its count says; vocabularies stay far below.
   */
  private static final long MAX_COUNT = 1L << 22;

  private static final int MAX_QUOTED_LENGTH = 80;

  static final String DAMAGED = "The file is damaged or incomplete: download or convert it again.";

  private static final ValueLayout.OfByte I8 = ValueLayout.JAVA_BYTE;
  private static final ValueLayout.OfShort I16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt I32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong I64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final Path path;
  private final MemorySegment file;
  private final long end;
  private long position;

  GgufCursor(Path path, MemorySegment file) {
    this.path = path;
    this.file = file;
    this.end = Math.min(file.byteSize(), MAX_HEADER_BYTES);
  }

  long position() {
    return position;
  }

  byte int8(String field) {
    return file.get(I8, advance(1, field));
  }

  short int16(String field) {
    return file.get(I16, advance(2, field));
  }

  int int32(String field) {
    return file.get(I32, advance(4, field));
  }

  long int64(String field) {
    return file.get(I64, advance(8, field));
  }

  /**
   * Reads a count of things that follow. The names of fields are joined only to complain, as a file
   * has many.
   *
   * @param what added to the field's name in a complaint
   * @param minimumBytes bytes that the smallest such thing takes
   */
  int count(String field, String what, int minimumBytes) {
    long count = int64(field);
    long limit = Math.min((end - position) / minimumBytes, MAX_COUNT);
    if (count < 0 || count > limit) {
      throw invalid(
          field + what, Long.toUnsignedString(count), "at most the " + limit + " that can follow");
    }
    return (int) count;
  }

  /** Reads a length-prefixed UTF-8 string of at most {@code limitBytes}. */
  String string(String field, long limitBytes) {
    long length = int64(field);
    long limit = Math.min(limitBytes, end - position);
    if (length < 0 || length > limit) {
      throw invalid(
          field + " length", Long.toUnsignedString(length), "at most " + limit + " bytes");
    }
    if (length == 0) {
      return "";
    }
    byte[] bytes = new byte[(int) length];
    MemorySegment.copy(file, I8, advance(length, field), bytes, 0, bytes.length);
    String text = new String(bytes, StandardCharsets.UTF_8);
    // The constructor replaces what is malformed; only text that has the replacement is suspect.
    if (text.indexOf('\uFFFD') >= 0
        && !Arrays.equals(text.getBytes(StandardCharsets.UTF_8), bytes)) {
      throw invalid(field, "bytes that are no UTF-8", "UTF-8 text");
    }
    return text;
  }

  private long advance(long bytes, String field) {
    long at = position;
    if (bytes > end - at) {
      String reason =
          end < file.byteSize()
              ? "a header of at most " + MAX_HEADER_BYTES + " bytes"
              : bytes + " more bytes";
      throw invalid(field, "the end at byte " + end, reason);
    }
    position = at + bytes;
    return at;
  }

  /** A name from the file as a message can show it: one line, of bounded length. */
  static String quoted(String name) {
    String shown =
        name.length() > MAX_QUOTED_LENGTH ? name.substring(0, MAX_QUOTED_LENGTH) + "…" : name;
    return "'" + shown.replaceAll("\\p{Cntrl}", "?") + "'";
  }

  EngineException invalid(String field, String found, String expected) {
    return invalid(path, field, found, expected);
  }

  static EngineException invalid(Path path, String field, String found, String expected) {
    return new EngineException(
        ErrorCode.MODEL_FILE_INVALID,
        "%s: %s: found %s, expected %s. %s".formatted(path, field, found, expected, DAMAGED));
  }

  static EngineException unsupported(
      Path path, String field, String found, String expected, String remedy) {
    return new EngineException(
        ErrorCode.MODEL_UNSUPPORTED,
        "%s: %s: found %s, expected %s. %s".formatted(path, field, found, expected, remedy));
  }
}
