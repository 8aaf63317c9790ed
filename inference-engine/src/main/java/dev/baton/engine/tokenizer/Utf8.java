package dev.baton.engine.tokenizer;

/** UTF-8 of single code points, and texts that have one. */
final class Utf8 {
  private Utf8() {}

  /** Writes the code point's bytes to {@code target}; returns how many there are, 1 to 4. */
  static int encode(int codePoint, byte[] target) {
    if (codePoint < 0x80) {
      target[0] = (byte) codePoint;
      return 1;
    }
    if (codePoint < 0x800) {
      target[0] = (byte) (0xC0 | (codePoint >> 6));
      target[1] = (byte) (0x80 | (codePoint & 0x3F));
      return 2;
    }
    if (codePoint < 0x10000) {
      target[0] = (byte) (0xE0 | (codePoint >> 12));
      target[1] = (byte) (0x80 | ((codePoint >> 6) & 0x3F));
      target[2] = (byte) (0x80 | (codePoint & 0x3F));
      return 3;
    }
    target[0] = (byte) (0xF0 | (codePoint >> 18));
    target[1] = (byte) (0x80 | ((codePoint >> 12) & 0x3F));
    target[2] = (byte) (0x80 | ((codePoint >> 6) & 0x3F));
    target[3] = (byte) (0x80 | (codePoint & 0x3F));
    return 4;
  }

  /** The text with U+FFFD for each unpaired surrogate, which has no UTF-8; same length. */
  static String wellFormed(String text) {
    char[] repaired = null;
    for (int i = 0; i < text.length(); i++) {
      char unit = text.charAt(i);
      if (!Character.isSurrogate(unit)) {
        continue;
      }
      if (Character.isHighSurrogate(unit)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
        continue;
      }
      if (repaired == null) {
        repaired = text.toCharArray();
      }
      repaired[i] = '\uFFFD';
    }
    return repaired == null ? text : new String(repaired);
  }
}
