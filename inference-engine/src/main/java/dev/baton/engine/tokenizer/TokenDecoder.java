package dev.baton.engine.tokenizer;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Turns tokens into text one by one, without ever showing half a character.
 *
 * <p>Bytes that can not be UTF-8 become U+FFFD as soon as that is certain; the text of all tokens
 * is the one that the JDK makes of all bytes at once. Control tokens add nothing. Not for use by
 * several threads.
 *
 * <p>SentencePiece encodes a text as if a space stood before it, and after each special token, so
 * the text that decodes from such tokens has that space taken off again. An answer in a chat is a
 * text of its own: {@code new TokenDecoder(tokenizer)} shows {@code Hello} where the model said
 * {@code ▁Hello}. Where the tokens go on with a text, as when a raw prompt is completed, the space
 * belongs to the text: {@link #continuing} keeps it.
 */
public final class TokenDecoder {
  private final Tokenizer tokenizer;
  private final CharsetDecoder utf8 =
      StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPLACE)
          .onUnmappableCharacter(CodingErrorAction.REPLACE);
  private byte[] pending = new byte[0]; // the beginning of a character, at most 3 bytes
  private boolean dropsSpace;

  /** Decodes tokens with which a text begins. */
  public TokenDecoder(Tokenizer tokenizer) {
    this(tokenizer, tokenizer.addsSpacePrefix());
  }

  private TokenDecoder(Tokenizer tokenizer, boolean dropsSpace) {
    this.tokenizer = tokenizer;
    this.dropsSpace = dropsSpace;
  }

  /** Decodes tokens that go on with a text. */
  public static TokenDecoder continuing(Tokenizer tokenizer) {
    return new TokenDecoder(tokenizer, false);
  }

  /** Text that became certain with this token; empty while a character is incomplete. */
  public String append(int id) {
    byte[] bytes = tokenizer.bytes(id);
    int from = 0;
    switch (tokenizer.vocabulary().type(id)) {
      case CONTROL, USER_DEFINED -> dropsSpace = tokenizer.addsSpacePrefix();
      case UNDEFINED, NORMAL, UNKNOWN, UNUSED, BYTE -> {
        from = dropsSpace && bytes.length > 0 && bytes[0] == ' ' ? 1 : 0;
        dropsSpace = false;
      }
    }
    return decode(bytes, from, false);
  }

  /** What is left at the end: U+FFFD for a character that stayed incomplete, else nothing. */
  public String flush() {
    return decode(new byte[0], 0, true);
  }

  private String decode(byte[] bytes, int from, boolean last) {
    ByteBuffer input = ByteBuffer.allocate(pending.length + bytes.length - from);
    input.put(pending).put(bytes, from, bytes.length - from).flip();
    CharBuffer output = CharBuffer.allocate(input.remaining() + 1); // a byte makes one unit at most
    utf8.reset();
    utf8.decode(input, output, last);
    if (last) {
      utf8.flush(output);
    }
    pending = Arrays.copyOfRange(input.array(), input.position(), input.limit());
    return output.flip().toString();
  }
}
