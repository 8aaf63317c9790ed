package dev.baton.platform.problem;

import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;

/**
 * An answer other than success on the tenant API, in OpenAI's words. The message is shown to the
 * caller: it names cause and remedy, never prompt text, keys or other tenants.
 */
public final class ApiProblem extends RuntimeException {
  private static final long serialVersionUID = 1;

  private static final String INVALID = "invalid_request_error";

  private final HttpStatus status;
  private final String type;
  private final @Nullable String code;
  private final @Nullable String param;
  private final @Nullable Duration retryAfter;

  ApiProblem(
      HttpStatus status,
      String type,
      @Nullable String code,
      @Nullable String param,
      String message,
      @Nullable Duration retryAfter,
      @Nullable Throwable cause) {
    super(message, cause);
    this.status = Objects.requireNonNull(status);
    this.type = Objects.requireNonNull(type);
    this.code = code;
    this.param = param;
    this.retryAfter = retryAfter;
  }

  /** 400: a field's value makes no sense. */
  public static ApiProblem invalidValue(@Nullable String param, String message) {
    return new ApiProblem(
        HttpStatus.BAD_REQUEST, INVALID, "invalid_value", param, message, null, null);
  }

  /** 400: a field has the wrong JSON type. */
  public static ApiProblem invalidType(String param, String expected, String found) {
    String message =
        "Invalid type for '%s': expected %s, but got %s instead.".formatted(param, expected, found);
    return new ApiProblem(
        HttpStatus.BAD_REQUEST, INVALID, "invalid_type", param, message, null, null);
  }

  /** 400: a field that must be there is not. */
  public static ApiProblem missing(String param) {
    String message = "Missing required parameter: '%s'.".formatted(param);
    return new ApiProblem(
        HttpStatus.BAD_REQUEST, INVALID, "missing_required_parameter", param, message, null, null);
  }

  /** 400: a field that asks for something this server does not do. */
  public static ApiProblem unsupported(String param, String message) {
    return new ApiProblem(
        HttpStatus.BAD_REQUEST, INVALID, "unsupported_parameter", param, message, null, null);
  }

  /** 400: more prompt tokens than the caller may send; like a context that is too small. */
  public static ApiProblem tooMuchInput(long tokens, long limit) {
    return new ApiProblem(
        HttpStatus.BAD_REQUEST,
        INVALID,
        "context_length_exceeded",
        "messages",
        "The prompt has %d tokens with the tenant's system prompt, but may have at most %d here. Shorten the messages."
            .formatted(tokens, limit),
        null,
        null);
  }

  /**
   * 429: too much at a time.
   *
   * @param retryAfter null when the request would never fit
   */
  public static ApiProblem rateLimited(String message, @Nullable Duration retryAfter) {
    return new ApiProblem(
        HttpStatus.TOO_MANY_REQUESTS,
        "rate_limit_error",
        "rate_limit_exceeded",
        null,
        message,
        retryAfter,
        null);
  }

  /** 429 that repeating does not help against: a budget is spent. */
  public static ApiProblem insufficientQuota(String message) {
    return new ApiProblem(
        HttpStatus.TOO_MANY_REQUESTS,
        "insufficient_quota",
        "insufficient_quota",
        null,
        message,
        null,
        null);
  }

  /** 400: the body is not what it should be, as a whole. */
  public static ApiProblem badBody(String message) {
    return new ApiProblem(
        HttpStatus.BAD_REQUEST, INVALID, "invalid_json", null, message, null, null);
  }

  /** 401, in the same words whether the key is missing, unknown, expired or revoked. */
  public static ApiProblem unauthenticated() {
    return new ApiProblem(
        HttpStatus.UNAUTHORIZED,
        INVALID,
        "invalid_api_key",
        null,
        "No valid API key was given. Send 'Authorization: Bearer <key>' with a key of your tenant.",
        null,
        null);
  }

  /** 403: the tenant may not use the API now. */
  public static ApiProblem suspended() {
    return new ApiProblem(
        HttpStatus.FORBIDDEN,
        "permission_denied",
        "tenant_suspended",
        null,
        "This tenant is suspended. Ask the operator of this platform to resume it.",
        null,
        null);
  }

  /** 403: the key was not issued for this. */
  public static ApiProblem insufficientScope() {
    return new ApiProblem(
        HttpStatus.FORBIDDEN,
        "permission_denied",
        "insufficient_scope",
        null,
        "This API key's scopes do not cover this. Ask the operator for a key that has them.",
        null,
        null);
  }

  /** 404: this tenant has no such prompt version or label. */
  public static ApiProblem promptVersionNotFound() {
    return new ApiProblem(
        HttpStatus.NOT_FOUND,
        INVALID,
        "prompt_version_not_found",
        "Baton-Prompt-Version",
        "Your tenant has no system prompt version or label of this name.",
        null,
        null);
  }

  /** 404: no such model for this caller. */
  public static ApiProblem modelNotFound(String model) {
    String shown = model.length() > 100 ? model.substring(0, 100) + "…" : model;
    return new ApiProblem(
        HttpStatus.NOT_FOUND,
        INVALID,
        "model_not_found",
        "model",
        "The model '%s' does not exist or you have no access to it. GET /v1/models lists what you may use."
            .formatted(shown),
        null,
        null);
  }

  /** 413: the body is larger than this server takes. */
  public static ApiProblem tooLarge(long limitBytes) {
    return new ApiProblem(
        HttpStatus.CONTENT_TOO_LARGE,
        INVALID,
        "request_too_large",
        null,
        "The request body is larger than the %d bytes this server accepts.".formatted(limitBytes),
        null,
        null);
  }

  /** 429 that passes: the tenant asks for more than its share at this moment. */
  public static ApiProblem slowDown(String message, Duration retryAfter) {
    return new ApiProblem(
        HttpStatus.TOO_MANY_REQUESTS,
        "rate_limit_error",
        "slow_down",
        null,
        message,
        retryAfter,
        null);
  }

  /** 503 that passes: something this server needs is away, or it is shutting down. */
  public static ApiProblem unavailable(
      String code, String message, Duration retryAfter, @Nullable Throwable cause) {
    return new ApiProblem(
        HttpStatus.SERVICE_UNAVAILABLE,
        "service_unavailable_error",
        code,
        null,
        message,
        retryAfter,
        cause);
  }

  /** 503: this process is on its way out. */
  public static ApiProblem draining() {
    return unavailable(
        "server_is_shutting_down",
        "The server is shutting down. Repeat the request in a moment.",
        Duration.ofSeconds(2),
        null);
  }

  /** 503: the reader took too long, so its stream was ended to keep memory bounded. */
  public static ApiProblem slowReader() {
    return new ApiProblem(
        HttpStatus.SERVICE_UNAVAILABLE,
        "service_unavailable_error",
        "slow_reader",
        null,
        "The stream was not read fast enough and was ended. Read it as it comes.",
        null,
        null);
  }

  /** 500: a defect; the log has the cause under the request id. */
  public static ApiProblem internal(@Nullable Throwable cause) {
    return new ApiProblem(
        HttpStatus.INTERNAL_SERVER_ERROR,
        "server_error",
        "internal_error",
        null,
        "The server failed on this request. Its log has the cause under the answer's x-request-id.",
        null,
        cause);
  }

  public HttpStatus status() {
    return status;
  }

  public @Nullable String code() {
    return code;
  }

  public @Nullable String param() {
    return param;
  }

  /** When trying again may succeed; null when it is not known or can not. */
  public @Nullable Duration retryAfter() {
    return retryAfter;
  }

  /** The body, and in a stream the last event. */
  public ErrorBody body() {
    return new ErrorBody(
        new ErrorBody.Error(Objects.requireNonNullElse(getMessage(), ""), type, param, code));
  }

  /**
   * Whether the same request may succeed later; SDKs would otherwise repeat every 5xx, 408, 409 and
   * 429.
   */
  public boolean worthRetrying() {
    return retryAfter != null;
  }
}
