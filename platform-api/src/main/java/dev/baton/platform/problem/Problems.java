package dev.baton.platform.problem;

import dev.baton.engine.EngineException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataAccessException;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatus;
import org.springframework.web.ErrorResponse;
import org.springframework.web.server.MethodNotAllowedException;
import org.springframework.web.server.UnsupportedMediaTypeStatusException;

/** Maps whatever can go wrong under {@code /v1} to one {@link ApiProblem}. */
public final class Problems {
  private static final Duration STORE_RETRY = Duration.ofSeconds(2);
  private static final Duration QUEUE_RETRY = Duration.ofSeconds(5);

  private Problems() {}

  public static ApiProblem of(Throwable error) {
    return switch (error) {
      case ApiProblem problem -> problem;
      case EngineException engine -> ofEngine(engine);
      case DataAccessException store -> storeAway(store);
      case TimeoutException store -> storeAway(store);
      case MethodNotAllowedException wrongMethod ->
          new ApiProblem(
              HttpStatus.METHOD_NOT_ALLOWED,
              "invalid_request_error",
              "method_not_allowed",
              null,
              "Not allowed to %s here. Allowed: %s."
                  .formatted(wrongMethod.getHttpMethod(), names(wrongMethod.getSupportedMethods())),
              null,
              error);
      case UnsupportedMediaTypeStatusException wrongType ->
          new ApiProblem(
              HttpStatus.UNSUPPORTED_MEDIA_TYPE,
              "invalid_request_error",
              "unsupported_media_type",
              null,
              "The body must be JSON: send 'Content-Type: application/json'.",
              null,
              wrongType);
      case ErrorResponse response -> ofStatus(response.getStatusCode().value(), error);
      default -> ApiProblem.internal(error);
    };
  }

  /**
   * Engine codes in OpenAI's statuses. Nothing permanent is a 5xx, because SDKs repeat those. A
   * full queue is 429 with the engine's own estimate of when there is room.
   */
  private static ApiProblem ofEngine(EngineException error) {
    String message = error.getMessage() == null ? error.code().name() : error.getMessage();
    return switch (error.code()) {
      case INVALID_REQUEST -> badRequest("invalid_value", null, message, error);
      case CONTEXT_LENGTH_EXCEEDED ->
          badRequest("context_length_exceeded", "messages", message, error);
      case TEMPLATE_FAILED -> badRequest("template_failed", "messages", message, error);
      case QUEUE_FULL ->
          new ApiProblem(
              HttpStatus.TOO_MANY_REQUESTS,
              "rate_limit_error",
              "slow_down",
              null,
              message,
              error.retryAfter() == null ? QUEUE_RETRY : error.retryAfter(),
              error);
      case MEMORY_FULL ->
          new ApiProblem(
              HttpStatus.SERVICE_UNAVAILABLE,
              "service_unavailable_error",
              "server_is_overloaded",
              null,
              message,
              error.retryAfter(),
              error);
      case TIMEOUT ->
          new ApiProblem(
              HttpStatus.SERVICE_UNAVAILABLE,
              "service_unavailable_error",
              "timeout",
              null,
              message,
              error.retryAfter(),
              error);
      case DRAINING -> ApiProblem.draining();
      case MODEL_FILE_INVALID,
          MODEL_UNSUPPORTED,
          CONFIGURATION_INVALID,
          PIN_BUDGET_EXCEEDED,
          SYSTEM_KV_IN_USE,
          SYSTEM_KV_UNKNOWN,
          INTERNAL ->
          ApiProblem.internal(error);
    };
  }

  private static ApiProblem ofStatus(int code, Throwable error) {
    HttpStatus status = HttpStatus.resolve(code);
    if (status == null || status.is5xxServerError()) {
      return ApiProblem.internal(error);
    }
    if (status == HttpStatus.NOT_FOUND) {
      return new ApiProblem(
          status,
          "invalid_request_error",
          "not_found",
          null,
          "There is nothing at this address. See GET /v1/models and POST /v1/chat/completions.",
          null,
          error);
    }
    return new ApiProblem(
        status,
        "invalid_request_error",
        "invalid_request",
        null,
        status.getReasonPhrase() + ".",
        null,
        error);
  }

  private static ApiProblem badRequest(
      String code, @Nullable String param, String message, Throwable error) {
    return new ApiProblem(
        HttpStatus.BAD_REQUEST, "invalid_request_error", code, param, message, null, error);
  }

  private static ApiProblem storeAway(Throwable error) {
    return ApiProblem.unavailable(
        "store_unavailable",
        "The platform's store does not answer. Repeat the request in a moment.",
        STORE_RETRY,
        error);
  }

  private static String names(@Nullable Set<HttpMethod> methods) {
    return methods == null
        ? "nothing"
        : String.join(", ", methods.stream().map(HttpMethod::name).sorted().toList());
  }
}
