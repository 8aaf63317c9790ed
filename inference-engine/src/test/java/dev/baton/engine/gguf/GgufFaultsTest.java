package dev.baton.engine.gguf;

import static dev.baton.engine.gguf.RawGguf.ARRAY;
import static dev.baton.engine.gguf.RawGguf.STRING;
import static dev.baton.engine.gguf.RawGguf.UINT32;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.tensor.TensorType;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class GgufFaultsTest {
  private static final Path NAME = Path.of("model.gguf");
  private static final int F32 = TensorType.F32.ggmlId();
  private static final int Q8_0 = TensorType.Q8_0.ggmlId();
  private static final ErrorCode INVALID = ErrorCode.MODEL_FILE_INVALID;
  private static final ErrorCode UNSUPPORTED = ErrorCode.MODEL_UNSUPPORTED;

  @TempDir private Path folder;

  static Stream<Arguments> faults() {
    return Stream.of(
        fault(new byte[0], INVALID, "magic", "the end at byte 0"),
        fault(
            new RawGguf().raw("PK\3\4").u32(3).u64(0).u64(0).end(),
            UNSUPPORTED,
            "magic",
            "0x504B0304"),
        fault(version(1), UNSUPPORTED, "version", "version 1", "Convert"),
        fault(version(4), UNSUPPORTED, "version", "version 4", "version 2 or 3"),
        fault(version(3 << 24), UNSUPPORTED, "version", "big-endian version 3"),
        fault(RawGguf.start(5_000_000_000L, 0).end(), INVALID, "tensor count", "5000000000"),
        fault(RawGguf.start(-1, 0).end(), INVALID, "tensor count", "18446744073709551615"),
        fault(RawGguf.start(0, 5_000_000_000L).end(), INVALID, "metadata count", "5000000000"),
        fault(
            RawGguf.start(0, 1).u64(1L << 40).raw("abcdefgh").end(),
            INVALID,
            "key 0 length",
            "1099511627776"),
        fault(RawGguf.start(0, 1).u64(0).u32(UINT32).u32(1).end(), INVALID, "key 0", "empty"),
        fault(
            RawGguf.start(0, 1).u64(2).raw("\u00C3\u0028").u32(UINT32).u32(1).end(),
            INVALID,
            "key 0",
            "no UTF-8"),
        fault(RawGguf.start(0, 1).string("k").u32(13).u64(0).end(), INVALID, "'k' type", "13"),
        fault(RawGguf.start(0, 1).string("k").u32(7).u8(2).end(), INVALID, "'k'", "boolean 2"),
        fault(RawGguf.start(0, 1).string("k").u32(STRING).u64(-5).end(), INVALID, "'k' length"),
        fault(
            RawGguf.start(0, 2).string("k").u32(UINT32).u32(1).string("k").u32(UINT32).u32(1).end(),
            INVALID,
            "'k'",
            "twice"),
        fault(array(STRING, 5_000_000_000L), INVALID, "'k' element count", "5000000000"),
        fault(array(0, Long.MAX_VALUE), INVALID, "'k' element count", "at most the 16"),
        fault(array(99, 1), INVALID, "'k' element type", "99"),
        fault(nestedArrays(5), INVALID, "'k'", "nested deeper"),
        fault(alignment(0), INVALID, "general.alignment", "found 0"),
        fault(alignment(48), INVALID, "general.alignment", "found 48", "power of two"),
        fault(alignment(1 << 30), INVALID, "general.alignment"),
        fault(
            RawGguf.start(0, 1).string("general.alignment").u32(STRING).string("32").end(),
            INVALID,
            "general.alignment",
            "STRING"),
        fault(
            RawGguf.start(0, 1).string("split.count").u32(UINT32).u32(3).end(),
            UNSUPPORTED,
            "split.count",
            "3 parts",
            "Join"),
        fault(
            RawGguf.start(2, 0).tensor("t", F32, 0, 8).tensor("t", F32, 32, 8).endWithData(64),
            INVALID,
            "tensor 1",
            "'t' again"),
        fault(
            RawGguf.start(1, 0).u64(1000).raw("x".repeat(1000)).end(),
            INVALID,
            "tensor 0 name length"),
        fault(tensor(F32, 0), INVALID, "'t' dimension count", "found 0"),
        fault(tensor(F32, 0, 1, 1, 1, 1, 1), INVALID, "'t' dimension count", "found 5"),
        fault(tensor(F32, 0, 8, 0), INVALID, "'t' dimension 1", "found 0"),
        fault(tensor(F32, 0, -8), INVALID, "'t' dimension 0"),
        fault(tensor(F32, 0, 1L << 32, 1L << 32), INVALID, "'t' dimension 1", "2^63"),
        fault(tensor(F32, 0, 1L << 31, 1L << 31, 1L << 31), INVALID, "'t' dimension 2"),
        fault(tensor(F32, 0, 1L << 40), INVALID, "'t' shape", "fits into the 64 bytes"),
        fault(tensor(F32, 0, 17), INVALID, "'t' shape", "fits into the 64 bytes"),
        fault(tensor(Q8_0, 0, 33), INVALID, "'t' shape", "whole Q8_0 blocks of 32"),
        fault(tensor(10, 0, 256), UNSUPPORTED, "'t' type", "Q2_K", "quantisation"),
        fault(tensor(4, 0, 256), INVALID, "'t' type", "found 4"),
        fault(tensor(777, 0, 256), INVALID, "'t' type", "777"),
        fault(tensor(F32, 8, 8), INVALID, "'t' offset", "multiple of the alignment 32"),
        fault(tensor(F32, 64, 8), INVALID, "'t' offset", "[64, 96)"),
        fault(tensor(F32, -32, 8), INVALID, "'t' offset"),
        fault(tensor(F32, Long.MAX_VALUE - 31, 8), INVALID, "'t' offset"),
        fault(
            RawGguf.start(2, 0).tensor("t", F32, 0, 16).tensor("u", F32, 32, 8).endWithData(64),
            INVALID,
            "'u' offset",
            "overlaps tensor 't'"));
  }

  @ParameterizedTest
  @MethodSource("faults")
  void eachFaultIsNamedWithWhatWasFoundAndWhatToDo(byte[] file, ErrorCode code, List<String> said)
      throws IOException {
    Path path = folder.resolve("broken.gguf");
    Files.write(path, file);
    var error = catchThrowableOfType(EngineException.class, () -> GgufFile.open(path).close());
    assertThat(error)
        .isNotNull()
        .hasMessageStartingWith(path + ": ")
        .hasMessageContaining("expected");
    assertThat(error.getMessage()).contains(said).hasSizeLessThan(path.toString().length() + 400);
    assertThat(error.code()).isEqualTo(code);
  }

  @Test
  void everyTruncationIsNoticed() throws IOException {
    byte[] whole = smallFile();
    new GgufHeader(NAME, MemorySegment.ofArray(whole));
    for (int length = 0; length < whole.length; length++) {
      byte[] truncated = Arrays.copyOf(whole, length);
      assertThatThrownBy(() -> new GgufHeader(NAME, MemorySegment.ofArray(truncated)))
          .as("first %d bytes", length)
          .isInstanceOf(EngineException.class);
    }
  }

  @Test
  @Timeout(30)
  void mutatedHeadersGiveClearErrorsOrSoundFilesInBoundedMemory() throws IOException {
    byte[] whole = smallFile();
    var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    Random random = new Random(20260101);
    int refused = 0;
    for (int round = 0; round < 8000; round++) {
      byte[] mutated = mutate(whole.clone(), random);
      long before = threads.getCurrentThreadAllocatedBytes();
      try {
        GgufHeader header = new GgufHeader(NAME, MemorySegment.ofArray(mutated));
        header.tensors().values().forEach(tensor -> assertThat(tensor.toFloats()).isNotEmpty());
      } catch (EngineException expected) {
        refused++;
      }
      assertThat(threads.getCurrentThreadAllocatedBytes() - before)
          .as("allocation in round %d", round)
          .isLessThan(2 << 20);
    }
    assertThat(refused).isGreaterThan(2000);
  }

  @Test
  @Timeout(20)
  void countsThatAHugeFileCouldHoldAllocateLittle() throws IOException {
    Path path = folder.resolve("sparse.gguf");
    for (int elementType : new int[] {0, STRING, ARRAY}) {
      for (long count : new long[] {4_000_000, 300_000_000, 5_000_000_000L}) {
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
          file.write(array(elementType, count));
          file.setLength(5_000_000_000L);
        }
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        try {
          GgufFile.open(path).close();
        } catch (EngineException e) {
          assertThat(e.code()).isEqualTo(INVALID);
        }
        assertThat(threads.getCurrentThreadAllocatedBytes() - before)
            .as("%d elements of type %d", count, elementType)
            .isLessThan(128L << 20);
      }
    }
  }

  @Test
  void missingFilesAndFoldersAreNamed() {
    assertThatThrownBy(() -> GgufFile.open(folder.resolve("none.gguf")))
        .isInstanceOf(EngineException.class)
        .hasMessageContaining("there is no such file")
        .hasMessageContaining("Give the path");
    assertThatThrownBy(() -> GgufFile.open(folder))
        .isInstanceOf(EngineException.class)
        .hasMessageContaining("is no regular file");
  }

  @Test
  void namesFromTheFileCanNotFloodOrBreakAMessage() {
    byte[] file = RawGguf.start(0, 1).string("line\nbreak" + "x".repeat(5000)).u32(99).u64(0).end();
    assertThatThrownBy(() -> new GgufHeader(NAME, MemorySegment.ofArray(file)))
        .hasMessageContaining("line?break")
        .message()
        .hasSizeLessThan(400);
  }

  private static byte[] mutate(byte[] bytes, Random random) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    long[] lies = {
      -1, 0, 1, 255, 1L << 31, 5_000_000_000L, Long.MAX_VALUE, Long.MIN_VALUE, 1L << 62
    };
    for (int change = random.nextInt(1, 4); change > 0; change--) {
      int at = random.nextInt(bytes.length - 8);
      switch (random.nextInt(5)) {
        case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> bytes[at] = (byte) random.nextInt();
        case 2 -> buffer.putLong(at, lies[random.nextInt(lies.length)]);
        case 3 -> buffer.putInt(at, random.nextInt(-2, 40));
        default -> {
          int from = random.nextInt(bytes.length - 8);
          System.arraycopy(
              bytes, from, bytes, at, random.nextInt(bytes.length - Math.max(from, at)));
        }
      }
    }
    return random.nextInt(10) == 0 ? Arrays.copyOf(bytes, random.nextInt(bytes.length)) : bytes;
  }

  private byte[] smallFile() throws IOException {
    Path path = folder.resolve("small.gguf");
    GgufFileTest.sample().writeTo(path);
    return Files.readAllBytes(path);
  }

  private static Arguments fault(byte[] file, ErrorCode code, String... said) {
    return Arguments.of(file, code, List.of(said));
  }

  private static byte[] version(int version) {
    return new RawGguf().raw("GGUF").u32(version).u64(0).u64(0).end();
  }

  /** Metadata k: an array that claims {@code count} elements, of which 16 bytes are there. */
  private static byte[] array(int elementType, long count) {
    return RawGguf.start(0, 1)
        .string("k")
        .u32(ARRAY)
        .u32(elementType)
        .u64(count)
        .u64(0)
        .u64(0)
        .end();
  }

  private static byte[] nestedArrays(int depth) {
    RawGguf file = RawGguf.start(0, 1).string("k").u32(ARRAY);
    for (int i = 1; i < depth; i++) {
      file.u32(ARRAY).u64(1);
    }
    return file.u32(UINT32).u64(1).u32(7).end();
  }

  private static byte[] alignment(int value) {
    return RawGguf.start(0, 1).string("general.alignment").u32(UINT32).u32(value).end();
  }

  private static byte[] tensor(int type, long offset, long... shape) {
    return RawGguf.start(1, 0).tensor("t", type, offset, shape).endWithData(64);
  }
}
