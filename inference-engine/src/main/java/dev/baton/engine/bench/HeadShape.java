package dev.baton.engine.bench;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Query heads, KV heads and their size. */
record HeadShape(int headCount, int kvHeadCount, int headDim) {
  private static final Pattern TEXT = Pattern.compile("(\\d{1,4})/(\\d{1,4})x(\\d{1,4})");

  /** Whether the paper measured this shape. */
  boolean isPapers() {
    return headCount == 52 && kvHeadCount == 52 && headDim == 128;
  }

  @Override
  public String toString() {
    return headCount + "/" + kvHeadCount + "x" + headDim;
  }

  /** Reads {@code 32/8x64}. */
  static final class Converter implements ITypeConverter<HeadShape> {
    @Override
    public HeadShape convert(String text) {
      Matcher matcher = TEXT.matcher(text);
      if (!matcher.matches()) {
        throw new TypeConversionException(
            "'%s' is no head shape; write query heads/KV heads x size, such as 32/8x64"
                .formatted(text));
      }
      int headCount = Integer.parseInt(matcher.group(1));
      int kvHeadCount = Integer.parseInt(matcher.group(2));
      int headDim = Integer.parseInt(matcher.group(3));
      if (kvHeadCount < 1 || headCount < 1 || headCount % kvHeadCount != 0 || headDim % 2 != 0) {
        throw new TypeConversionException(
            "heads must be a multiple of KV heads and their size even, not " + text);
      }
      return new HeadShape(headCount, kvHeadCount, Math.max(2, headDim));
    }
  }
}
