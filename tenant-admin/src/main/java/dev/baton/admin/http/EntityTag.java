package dev.baton.admin.http;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * The strong entity tag of a resource (RFC 9110 §8.8.3): the SHA-1 of its stored text, because
 * Redis' scripts compute the same, so that a change compares and writes in one step. It tells
 * versions apart and protects nothing.
 */
public final class EntityTag {
  private EntityTag() {}

  /** The tag of this stored text, quoted as the header {@code ETag} has it. */
  public static String of(String stored) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-1").digest(stored.getBytes(StandardCharsets.UTF_8));
      return quoted(HexFormat.of().formatHex(digest));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-1", e);
    }
  }

  /** A digest that a script has computed, quoted. */
  public static String quoted(String digest) {
    return '"' + digest + '"';
  }
}
