package dev.baton.admin.http;

import dev.baton.admin.storage.StoreUnavailableException;
import dev.baton.engine.EngineException;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.springframework.core.MethodParameter;
import org.springframework.http.HttpStatus;
import org.springframework.security.access.AccessDeniedException;
import org.springframework.web.ErrorResponse;
import org.springframework.web.server.MethodNotAllowedException;
import org.springframework.web.server.ServerWebInputException;
import org.springframework.web.server.UnsupportedMediaTypeStatusException;

/** Maps whatever can go wrong under {@code /admin} to one {@link AdminProblem}. */
final class AdminProblems {
  private static final Duration STORE_RETRY = Duration.ofSeconds(2);
  private static final Duration ENGINE_RETRY = Duration.ofSeconds(5);

  private AdminProblems() {}

  static AdminProblem of(Throwable error) {
    return switch (error) {
      case AdminProblem problem -> problem;
      case EngineException engine -> ofEngine(engine);
      case CompletionException wrapper when wrapper.getCause() != null -> of(wrapper.getCause());
      case StoreUnavailableException store ->
          problem(HttpStatus.SERVICE_UNAVAILABLE, "store-unavailable", words(store), store)
              .retryAfter(STORE_RETRY);
      case AccessDeniedException denied ->
          problem(
              HttpStatus.FORBIDDEN,
              "forbidden",
              "Your role does not allow this; GET /admin/v1/me shows it.",
              denied);
      case MethodNotAllowedException wrongMethod ->
          problem(
              HttpStatus.METHOD_NOT_ALLOWED,
              "method-not-allowed",
              "This address does not take %s.".formatted(wrongMethod.getHttpMethod()),
              wrongMethod);
      case UnsupportedMediaTypeStatusException wrongType ->
          problem(
              HttpStatus.UNSUPPORTED_MEDIA_TYPE,
              "unsupported-media-type",
              "The body must be JSON: send 'Content-Type: application/json'.",
              wrongType);
      case ServerWebInputException input -> ofInput(input);
      case ErrorResponse response -> ofStatus(response.getStatusCode().value(), error);
      default -> internal(error);
    };
  }

  /** The engine's codes; what goes away by itself or by an admin's hand is told apart. */
  private static AdminProblem ofEngine(EngineException error) {
    String detail = words(error);
    return switch (error.code()) {
      case INVALID_REQUEST -> problem(HttpStatus.BAD_REQUEST, "invalid-request", detail, error);
      case CONTEXT_LENGTH_EXCEEDED ->
          problem(HttpStatus.UNPROCESSABLE_CONTENT, "context-length-exceeded", detail, error);
      case TEMPLATE_FAILED ->
          problem(HttpStatus.UNPROCESSABLE_CONTENT, "template-failed", detail, error);
      case PIN_BUDGET_EXCEEDED ->
          problem(HttpStatus.CONFLICT, "pin-budget-exceeded", detail, error);
      case SYSTEM_KV_IN_USE -> problem(HttpStatus.CONFLICT, "system-kv-in-use", detail, error);
      case SYSTEM_KV_UNKNOWN -> problem(HttpStatus.NOT_FOUND, "not-found", detail, error);
      case MEMORY_FULL ->
          problem(HttpStatus.INSUFFICIENT_STORAGE, "memory-full", detail, error)
              .retryAfter(retry(error));
      case QUEUE_FULL, TIMEOUT, DRAINING ->
          problem(HttpStatus.SERVICE_UNAVAILABLE, "engine-unavailable", detail, error)
              .retryAfter(retry(error));
      case MODEL_FILE_INVALID, MODEL_UNSUPPORTED, CONFIGURATION_INVALID, INTERNAL ->
          internal(error);
    };
  }

  private static AdminProblem ofInput(ServerWebInputException error) {
    for (Throwable cause = error.getCause(); cause != null; cause = cause.getCause()) {
      if (cause instanceof AdminProblem problem) {
        return problem;
      }
    }
    MethodParameter parameter = error.getMethodParameter();
    String name = parameter == null ? null : parameter.getParameterName();
    return name == null || name.equals("body")
        ? AdminProblem.unreadable("The body is missing or is not what this address takes.")
        : AdminProblem.invalid(name, "has a value of the wrong type");
  }

  private static AdminProblem ofStatus(int code, Throwable error) {
    HttpStatus status = HttpStatus.resolve(code);
    if (status == null || status.is5xxServerError()) {
      return internal(error);
    }
    return status == HttpStatus.NOT_FOUND
        ? problem(status, "not-found", "There is nothing at this address.", error)
        : problem(status, "invalid-request", status.getReasonPhrase() + ".", error);
  }

  private static AdminProblem internal(Throwable error) {
    return problem(
        HttpStatus.INTERNAL_SERVER_ERROR,
        "internal",
        "A defect or a failed device; the log has the cause.",
        error);
  }

  private static AdminProblem problem(
      HttpStatus status, String code, String detail, Throwable cause) {
    return new AdminProblem(status, code, detail, cause);
  }

  private static String words(Throwable error) {
    @Nullable String message = error.getMessage();
    return message == null ? "" : message;
  }

  private static Duration retry(EngineException error) {
    return error.retryAfter() == null ? ENGINE_RETRY : error.retryAfter();
  }
}
