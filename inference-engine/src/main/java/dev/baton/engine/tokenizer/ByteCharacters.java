package dev.baton.engine.tokenizer;

import java.util.Arrays;

/**
 * The printable character that stands for each byte in a byte-level BPE vocabulary, as GPT-2 laid
 * it down: printable Latin-1 stands for itself, the other bytes in order for U+0100 and on.
 */
final class ByteCharacters {
  private static final char[] CHARACTERS = new char[256];
  private static final short[] BYTES = new short[0x144];

  static {
    Arrays.fill(BYTES, (short) -1);
    char next = 0x100;
    for (int value = 0; value < 256; value++) {
      boolean printable =
          (value >= '!' && value <= '~')
              || (value >= 0xA1 && value <= 0xAC)
              || (value >= 0xAE && value <= 0xFF);
      CHARACTERS[value] = printable ? (char) value : next++;
      BYTES[CHARACTERS[value]] = (short) value;
    }
  }

  private ByteCharacters() {}

  static char of(int value) {
    return CHARACTERS[value];
  }

  /** The byte that the character stands for, or -1. */
  static int byteOf(char character) {
    return character < BYTES.length ? BYTES[character] : -1;
  }
}
