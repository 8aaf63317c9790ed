package dev.baton.admin.systemprompt;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Looks for credentials in a prompt: a system prompt is no place for secrets, because models can be
 * talked into repeating it (OWASP LLM07). It warns and never quotes what it found.
 *
 * <p>Implementation note: line by line and with bounded repetition only, so that its time grows
 * linearly with the text.
 */
final class PromptLint {
  private static final int MAX_WARNINGS = 100;
  private static final int MAX_LINE = 20_000;

  /**
   * Random base 64 of 24 characters has about 4.2 bits a character, words of a language under 4.
   */
  private static final double RANDOM_BITS = 4.0;

  /** Random hexadecimal digits have close to 4 bits each; long runs of few digits have less. */
  private static final double RANDOM_HEX_BITS = 3.2;

  private static final List<Rule> RULES =
      List.of(
          new Rule("a private key", "-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY"),
          new Rule("an API key of Baton", "\\bbt_[0-9a-z]{16}_[0-9a-z]{8}_[0-9a-z]{32}\\b"),
          new Rule("an AWS access key", "\\b(?:AKIA|ASIA)[0-9A-Z]{16}\\b"),
          new Rule("a Google API key", "\\bAIza[0-9A-Za-z_-]{35}"),
          new Rule(
              "a GitHub token", "\\b(?:gh[pousr]_[0-9A-Za-z]{36}|github_pat_[0-9A-Za-z_]{22})"),
          new Rule("a Slack token", "\\bxox[abeprs]-[0-9A-Za-z-]{10}"),
          new Rule("a Stripe key", "\\b[rs]k_(?:live|test)_[0-9A-Za-z]{16}"),
          new Rule("an API key", "\\bsk-(?:[a-z]{2,10}-){0,3}[0-9A-Za-z_-]{20}"),
          new Rule("a JSON web token", "\\beyJ[0-9A-Za-z_-]{8,2000}\\.eyJ[0-9A-Za-z_-]{8}"),
          new Rule(
              "a password in an address",
              "\\b[a-z][a-z0-9+.-]{1,20}://[^\\s/:@]{1,200}:[^\\s/@]{1,200}@"),
          new Rule(
              "a password or secret",
              "(?i)\\b(?:password|passwd|passphrase|pwd|secret|api[_-]?key|access[_-]?token)\\b"
                  + "[\"']?\\s{0,5}(?:=|:|is)\\s{0,5}[\"']?(?=[^\\s\"']{0,60}[0-9!#$%^&*])[^\\s\"']{6}"));

  private static final Pattern WORD = Pattern.compile("[0-9A-Za-z+/_-]{20,512}={0,2}");
  private static final Pattern HEX = Pattern.compile("[0-9a-fA-F]{32,512}");

  private PromptLint() {}

  /**
   * A finding.
   *
   * @param line from 1
   * @param message what it looks like and what to do, never what it is
   */
  record Warning(int line, String message) {}

  private record Rule(String what, Pattern pattern) {
    Rule(String what, String pattern) {
      this(what, Pattern.compile(pattern));
    }
  }

  static List<Warning> check(String text) {
    List<Warning> warnings = new ArrayList<>();
    int number = 0;
    for (String line : (Iterable<String>) text.lines()::iterator) {
      number++;
      String what = suspicion(line.length() > MAX_LINE ? line.substring(0, MAX_LINE) : line);
      if (what != null) {
        warnings.add(
            new Warning(
                number,
                "This line seems to hold %s. A model can be talked into repeating its prompt: keep secrets out."
                    .formatted(what)));
        if (warnings.size() == MAX_WARNINGS) {
          break;
        }
      }
    }
    return List.copyOf(warnings);
  }

  private static @Nullable String suspicion(String line) {
    for (Rule rule : RULES) {
      if (rule.pattern().matcher(line).find()) {
        return rule.what();
      }
    }
    Matcher words = WORD.matcher(line);
    while (words.find()) {
      if (looksRandom(words.group())) {
        return "a random string, as secrets are";
      }
    }
    return null;
  }

  private static boolean looksRandom(String word) {
    if (HEX.matcher(word).matches()) {
      return bits(word) > RANDOM_HEX_BITS;
    }
    boolean digit = word.chars().anyMatch(c -> c >= '0' && c <= '9');
    boolean upper = word.chars().anyMatch(c -> c >= 'A' && c <= 'Z');
    boolean lower = word.chars().anyMatch(c -> c >= 'a' && c <= 'z');
    return digit && upper && lower && bits(word) > RANDOM_BITS;
  }

  /** Shannon entropy per character. */
  private static double bits(String word) {
    int[] counts = new int[128];
    word.chars().forEach(c -> counts[c]++);
    double bits = 0;
    for (int count : counts) {
      if (count > 0) {
        double share = (double) count / word.length();
        bits -= share * Math.log(share) / Math.log(2);
      }
    }
    return bits;
  }
}
