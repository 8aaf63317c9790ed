package dev.baton.admin.http;

import java.text.Normalizer;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Names that people give to things: one visible line. */
public final class Names {
  private static final int MAX_LENGTH = 100;
  private static final int ZERO_WIDTH_NON_JOINER = 0x200c;
  private static final int ZERO_WIDTH_JOINER = 0x200d;

  private Names() {}

  /**
   * Checks a name: 1 to 100 code points, no control characters, line ends or marks that turn the
   * direction of writing. Joiners stay, because scripts and emoji need them.
   *
   * @return the name in composed form without blanks around it
   * @throws AdminProblem naming the field
   */
  public static String check(String field, @Nullable String given) {
    if (given == null) {
      throw AdminProblem.invalid(field, "is missing");
    }
    String name = Normalizer.normalize(given, Normalizer.Form.NFC).strip();
    int length = name.codePointCount(0, name.length());
    if (length < 1 || length > MAX_LENGTH) {
      throw AdminProblem.invalid(
          field, "must have 1 to " + MAX_LENGTH + " characters, not " + length);
    }
    if (name.codePoints().anyMatch(Names::isHidden)) {
      throw AdminProblem.invalid(
          field, "must not hold control characters, line ends or invisible marks");
    }
    if (comparable(name).isEmpty()) {
      throw AdminProblem.invalid(field, "must hold visible characters");
    }
    return name;
  }

  /** What makes two names the same: neither case, width, joiners nor the number of blanks. */
  public static String comparable(String name) {
    String folded =
        Normalizer.normalize(name, Normalizer.Form.NFKC)
            .toUpperCase(Locale.ROOT)
            .toLowerCase(Locale.ROOT);
    return Normalizer.normalize(folded, Normalizer.Form.NFKC)
        .replaceAll("[\\u200c\\u200d]", "")
        .replaceAll("\\s+", " ")
        .strip();
  }

  private static boolean isHidden(int codePoint) {
    if (codePoint == ZERO_WIDTH_JOINER || codePoint == ZERO_WIDTH_NON_JOINER) {
      return false;
    }
    return switch (Character.getType(codePoint)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED ->
          true;
      default -> false;
    };
  }
}
