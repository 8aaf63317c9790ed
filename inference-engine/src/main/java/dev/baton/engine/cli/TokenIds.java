package dev.baton.engine.cli;

import java.util.Arrays;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Token ids as the commands read and write them: {@code 1,2,3}, spaces allowed. */
record TokenIds(int[] ids) {

  static TokenIds parse(String text) {
    String trimmed = text.strip();
    if (trimmed.isEmpty()) {
      return new TokenIds(new int[0]);
    }
    String[] parts = trimmed.split("\\s*,\\s*|\\s+", -1);
    int[] ids = new int[parts.length];
    for (int i = 0; i < parts.length; i++) {
      try {
        ids[i] = Integer.parseInt(parts[i]);
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException(
            "token ids are whole numbers with commas between, such as 1,2,3; number %d is not one"
                .formatted(i + 1));
      }
      if (ids[i] < 0) {
        throw new IllegalArgumentException(
            "token ids are not negative; number %d is".formatted(i + 1));
      }
    }
    return new TokenIds(ids);
  }

  static String text(int[] ids) {
    return Arrays.stream(ids).mapToObj(Integer::toString).collect(Collectors.joining(","));
  }

  /** Reads an option's value. */
  static final class Converter implements ITypeConverter<TokenIds> {
    @Override
    public TokenIds convert(String text) {
      try {
        return parse(text);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }

  @Override
  public String toString() {
    return "TokenIds[" + ids.length + "]";
  }
}
