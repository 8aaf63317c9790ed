package dev.baton.admin.http;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;

/** A refusal of the admin API, answered as a problem document (RFC 9457). */
public final class AdminProblem extends RuntimeException {
  private static final long serialVersionUID = 1;
  private static final String TYPES = "urn:baton:problem:";

  private final HttpStatus status;
  private final String code;
  private final transient Map<String, Object> members = new LinkedHashMap<>();
  private @Nullable Duration retryAfter;

  /**
   * A problem.
   *
   * @param code names the kind of problem; part of the API
   * @param detail what is wrong and what to do, without prompt text, secrets or names of tenants
   */
  public AdminProblem(HttpStatus status, String code, String detail, @Nullable Throwable cause) {
    super(detail, cause);
    this.status = status;
    this.code = code;
  }

  /** A field, parameter or path element that makes no sense. */
  public static AdminProblem invalid(String field, String message) {
    return new AdminProblem(
            HttpStatus.BAD_REQUEST, "invalid-request", field + " " + message + ".", null)
        .with("errors", List.of(Map.of("field", field, "message", message)));
  }

  /** A body that can not be read at all. */
  public static AdminProblem unreadable(String detail) {
    return new AdminProblem(HttpStatus.BAD_REQUEST, "invalid-request", detail, null);
  }

  /** Something is not there; what exists elsewhere is not told. */
  public static AdminProblem notFound(String what) {
    return new AdminProblem(
        HttpStatus.NOT_FOUND, "not-found", "There is no such " + what + ".", null);
  }

  public static AdminProblem conflict(String code, String detail) {
    return new AdminProblem(HttpStatus.CONFLICT, code, detail, null);
  }

  static AdminProblem unauthenticated() {
    return new AdminProblem(
        HttpStatus.UNAUTHORIZED,
        "unauthenticated",
        "Send your admin token as 'Authorization: Bearer TOKEN'.",
        null);
  }

  /** Adds a member to the document. */
  public AdminProblem with(String member, Object value) {
    members.put(member, value);
    return this;
  }

  /** Says when trying again may succeed. */
  public AdminProblem retryAfter(@Nullable Duration duration) {
    retryAfter = duration;
    return this;
  }

  public HttpStatus status() {
    return status;
  }

  public String code() {
    return code;
  }

  @Nullable Duration retryAfter() {
    return retryAfter;
  }

  /** The document. */
  Map<String, Object> document(String path) {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("type", TYPES + code);
    document.put("title", status.getReasonPhrase());
    document.put("status", status.value());
    document.put("detail", getMessage() == null ? "" : getMessage());
    document.put("instance", path);
    document.putAll(members);
    return document;
  }
}
