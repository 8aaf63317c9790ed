package dev.baton.platform.problem;

import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.stereotype.Component;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebExceptionHandler;
import reactor.core.publisher.Mono;
import tools.jackson.databind.json.JsonMapper;

/**
 * Answers every error under {@code /v1} in OpenAI's shape, whatever the request accepts: SDKs read
 * the body as JSON also when they asked for a stream.
 */
@Component
@Order(-10) // before Boot's own handler at -1
final class ProblemWriter implements WebExceptionHandler {
  private static final Logger log = LoggerFactory.getLogger(ProblemWriter.class);

  private final JsonMapper json;

  ProblemWriter(JsonMapper json) {
    this.json = json;
  }

  @Override
  public Mono<Void> handle(ServerWebExchange exchange, Throwable error) {
    ServerHttpResponse response = exchange.getResponse();
    String path = exchange.getRequest().getPath().pathWithinApplication().value();
    if (!(path.equals("/v1") || path.startsWith("/v1/")) || response.isCommitted()) {
      return Mono.error(error);
    }
    ApiProblem problem = Problems.of(error);
    if (problem.status().is5xxServerError()) {
      logCause(exchange, problem);
    }
    HttpHeaders headers = response.getHeaders();
    headers.remove(HttpHeaders.CONTENT_LENGTH);
    headers.setContentType(MediaType.APPLICATION_JSON);
    headers.setCacheControl("no-store");
    headers.set("x-should-retry", Boolean.toString(problem.worthRetrying()));
    Duration retryAfter = problem.retryAfter();
    if (retryAfter != null) {
      headers.set(HttpHeaders.RETRY_AFTER, Long.toString(Math.max(1, roundUp(retryAfter))));
    }
    if (problem.status().value() == 401) {
      headers.set(HttpHeaders.WWW_AUTHENTICATE, "Bearer");
    }
    response.setStatusCode(problem.status());
    byte[] body = json.writeValueAsBytes(problem.body());
    headers.setContentLength(body.length);
    return response.writeWith(Mono.just(response.bufferFactory().wrap(body)));
  }

  private static long roundUp(Duration duration) {
    return duration.plusMillis(999).toSeconds();
  }

  /** Stack traces go to the log for defects only; a store that is away says so in one line. */
  private static void logCause(ServerWebExchange exchange, ApiProblem problem) {
    String requestId = RequestId.of(exchange);
    Throwable cause = problem.getCause();
    if (problem.worthRetrying() || cause == null) {
      log.warn(
          "request={} status={} code={} cause={}",
          requestId,
          problem.status().value(),
          problem.code(),
          cause == null ? "none" : cause.getClass().getSimpleName());
    } else {
      log.error("request={} status={} failed", requestId, problem.status().value(), cause);
    }
  }
}
