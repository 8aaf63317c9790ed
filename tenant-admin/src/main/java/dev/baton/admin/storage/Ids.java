package dev.baton.admin.storage;

import java.security.SecureRandom;
import java.time.Instant;
import java.time.InstantSource;
import java.util.regex.Pattern;
import org.springframework.stereotype.Component;

/**
 * Makes ids. A tenant's is {@code ten_} and 16 characters of Crockford's base 32: 48 bits of time
 * in milliseconds, 30 random bits; ids therefore sort by creation. Ids of a tenant's activations
 * and keys carry those 16 characters, so that they lead to their tenant without an index that could
 * disagree.
 */
@Component
public final class Ids {
  private static final String ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
  private static final String PREFIX = "ten_";
  private static final int TIME_CHARACTERS = 10;
  private static final Pattern TENANT = Pattern.compile("ten_[0-9a-hjkmnp-tv-z]{16}");

  private final SecureRandom random = new SecureRandom();
  private final InstantSource clock;

  public Ids(InstantSource clock) {
    this.clock = clock;
  }

  /** A new tenant id. */
  public String tenant() {
    // 48 bits of time take 10 characters, whose first two bits are 0; 30 random bits take 6.
    return PREFIX + encode(clock.millis(), TIME_CHARACTERS) + random(6);
  }

  /** Random characters of 5 bits each. */
  public String random(int characters) {
    StringBuilder text = new StringBuilder(characters);
    for (int i = 0; i < characters; i++) {
      text.append(ALPHABET.charAt(random.nextInt(ALPHABET.length())));
    }
    return text.toString();
  }

  /** Whether the text has the form of a tenant id; what has not, never reaches a key name. */
  public static boolean isTenant(String text) {
    return TENANT.matcher(text).matches();
  }

  /** Whether ids could have all characters of a text. */
  public static boolean areCharacters(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (ALPHABET.indexOf(text.charAt(i)) < 0) {
        return false;
      }
    }
    return true;
  }

  /** The part of a tenant id that other ids carry. */
  public static String stem(String tenantId) {
    return tenantId.substring(PREFIX.length());
  }

  /** The tenant id with this stem. */
  public static String tenantOfStem(String stem) {
    return PREFIX + stem;
  }

  /** When the tenant id was made. */
  static Instant created(String tenantId) {
    long millis = 0;
    for (int i = 0; i < TIME_CHARACTERS; i++) {
      millis = millis << 5 | ALPHABET.indexOf(tenantId.charAt(PREFIX.length() + i));
    }
    return Instant.ofEpochMilli(millis);
  }

  /** The lowest bits of a value, five a character, the highest first. */
  public static String encode(long value, int characters) {
    char[] text = new char[characters];
    for (int i = characters - 1; i >= 0; i--) {
      text[i] = ALPHABET.charAt((int) (value & 31));
      value >>>= 5;
    }
    return new String(text);
  }
}
