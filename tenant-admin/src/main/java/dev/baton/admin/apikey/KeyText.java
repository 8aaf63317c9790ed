package dev.baton.admin.apikey;

import dev.baton.admin.storage.Ids;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.zip.CRC32;

/**
 * A whole API key as clients send it: {@code bt_TENANT_KEY_SECRET}, in characters of 5 bits.
 *
 * <pre>
 * bt_ | 16: the tenant id's stem | _ | 8: key id | _ | 26: secret, 130 bits | 6: CRC-32's low 30 bits
 * </pre>
 *
 * <p>The key says where its tenant's data lies, so that no index can disagree with it. The checksum
 * tells typing errors without asking the store; it protects nothing. Of the whole only the SHA-256
 * is stored: 130 random bits need no slow hash.
 */
record KeyText(String tenantId, String keyId, String text) {
  private static final String BEGIN = "bt_";
  private static final int STEM_LENGTH = 16;
  private static final int KEY_ID_LENGTH = 8;
  private static final int SECRET_LENGTH = 26;
  private static final int CHECKSUM_LENGTH = 6;

  // Where the parts begin.
  private static final int STEM = BEGIN.length();
  private static final int KEY_ID = STEM + STEM_LENGTH + 1;
  private static final int SECRET = KEY_ID + KEY_ID_LENGTH + 1;
  private static final int CHECKSUM = SECRET + SECRET_LENGTH;
  private static final int LENGTH = CHECKSUM + CHECKSUM_LENGTH;

  /** A new key of a tenant. */
  static KeyText random(String tenantId, Ids ids) {
    return random(tenantId, ids.random(KEY_ID_LENGTH), ids);
  }

  /** A new secret for a key. */
  static KeyText random(String tenantId, String keyId, Ids ids) {
    String open = prefix(tenantId, keyId) + "_" + ids.random(SECRET_LENGTH);
    return new KeyText(tenantId, keyId, open + checksum(open));
  }

  /** Reads what a client sent; empty when it is no key, for example with a character wrong. */
  static Optional<KeyText> parse(String presented) {
    if (presented.length() != LENGTH
        || !presented.startsWith(BEGIN)
        || presented.charAt(KEY_ID - 1) != '_'
        || presented.charAt(SECRET - 1) != '_') {
      return Optional.empty();
    }
    String stem = presented.substring(STEM, KEY_ID - 1);
    String keyId = presented.substring(KEY_ID, SECRET - 1);
    String secret = presented.substring(SECRET);
    return Ids.areCharacters(stem)
            && Ids.areCharacters(keyId)
            && Ids.areCharacters(secret)
            && checksum(presented.substring(0, CHECKSUM)).equals(presented.substring(CHECKSUM))
        ? Optional.of(new KeyText(Ids.tenantOfStem(stem), keyId, presented))
        : Optional.empty();
  }

  /** The part that is shown in lists. */
  static String prefix(String tenantId, String keyId) {
    return BEGIN + Ids.stem(tenantId) + "_" + keyId;
  }

  /** What is stored of it. */
  String sha256() {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-256")
                  .digest(text.getBytes(StandardCharsets.US_ASCII)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  private static String checksum(String open) {
    CRC32 crc = new CRC32();
    crc.update(open.getBytes(StandardCharsets.US_ASCII));
    return Ids.encode(crc.getValue(), CHECKSUM_LENGTH);
  }

  /** The secret stays out of logs and messages. */
  @Override
  public String toString() {
    return "KeyText[" + prefix(tenantId, keyId) + "]";
  }
}
