package dev.baton.admin.http;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;

/**
 * The precondition of a change: what its author has seen is what is there (RFC 9110 §13.1.1, RFC
 * 6585 §3). It is compared in the script that writes, by {@code matches(tag, wanted)}.
 *
 * @param argument what the script gets: {@code *}, or strong tags, each quoted
 */
public record IfMatch(String argument) {
  private static final String ANY = "*";
  private static final Pattern TAG = Pattern.compile("\\s*(W/)?(\"[!#-~]{0,100}\")\\s*(,|$)");

  /** Whatever is there, for changes that no request conditions. */
  public static final IfMatch WHATEVER = new IfMatch(ANY);

  /**
   * The precondition of a request.
   *
   * @throws AdminProblem 428 without the header, 400 when it can not be read
   */
  public static IfMatch of(HttpHeaders headers) {
    List<String> values = headers.getOrEmpty(HttpHeaders.IF_MATCH);
    String given = String.join(",", values).strip();
    if (given.isEmpty()) {
      throw new AdminProblem(
          HttpStatus.PRECONDITION_REQUIRED,
          "precondition-required",
          "Send 'If-Match' with the ETag of the state you have seen, or 'If-Match: *' to change"
              + " whatever is there.",
          null);
    }
    return given.equals(ANY) ? WHATEVER : new IfMatch(strongTags(given));
  }

  /** Weak tags match nothing, as the RFC has it. */
  private static String strongTags(String given) {
    List<String> tags = new ArrayList<>();
    Matcher tag = TAG.matcher(given);
    int end = 0;
    while (end < given.length()) {
      if (!tag.find(end) || tag.start() != end) {
        throw AdminProblem.invalid("If-Match", "must be * or a list of quoted entity tags");
      }
      if (tag.group(1) == null) {
        tags.add(tag.group(2));
      }
      end = tag.end();
    }
    return String.join(",", tags);
  }

  /** The refusal of a change whose author has not seen the present state. */
  public static AdminProblem failed() {
    return new AdminProblem(
        HttpStatus.PRECONDITION_FAILED,
        "precondition-failed",
        "It was changed since you read it. GET it again, and send its ETag as 'If-Match'.",
        null);
  }

  /** The precondition where a request need not have one. */
  public static IfMatch optional(HttpHeaders headers) {
    return headers.containsHeader(HttpHeaders.IF_MATCH) ? of(headers) : WHATEVER;
  }

  /** Whether a thing with this quoted tag may be changed; the script that writes asks again. */
  public boolean allows(String tag) {
    return argument.equals(ANY) || argument.contains(tag);
  }

  /** Whether an error is {@link #failed}. */
  public static boolean isFailure(Throwable error) {
    return error instanceof AdminProblem problem
        && problem.status() == HttpStatus.PRECONDITION_FAILED;
  }
}
