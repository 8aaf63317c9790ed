package dev.baton.admin.http;

import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.stereotype.Component;
import org.springframework.web.server.MethodNotAllowedException;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebExceptionHandler;
import reactor.core.publisher.Mono;
import tools.jackson.databind.json.JsonMapper;

/**
 * Answers every error under {@code /admin} with a problem document, whatever the request accepts:
 * also what the security chain and the router refuse, which no controller advice sees.
 */
@Component
@Order(-11) // before Boot's own handler at -1
final class AdminProblemWriter implements WebExceptionHandler {
  private static final Logger log = LoggerFactory.getLogger(AdminProblemWriter.class);

  private final JsonMapper json;

  AdminProblemWriter(JsonMapper json) {
    this.json = json;
  }

  @Override
  public Mono<Void> handle(ServerWebExchange exchange, Throwable error) {
    ServerHttpResponse response = exchange.getResponse();
    String path = exchange.getRequest().getPath().pathWithinApplication().value();
    if (!(path.equals("/admin") || path.startsWith("/admin/")) || response.isCommitted()) {
      return Mono.error(error);
    }
    AdminProblem problem = AdminProblems.of(error);
    logServerError(exchange, problem);
    HttpHeaders headers = response.getHeaders();
    headers.remove(HttpHeaders.CONTENT_LENGTH);
    headers.setContentType(MediaType.APPLICATION_PROBLEM_JSON);
    headers.setCacheControl("no-store");
    Duration retryAfter = problem.retryAfter();
    if (retryAfter != null) {
      long seconds = retryAfter.plusMillis(999).toSeconds();
      headers.set(HttpHeaders.RETRY_AFTER, Long.toString(Math.max(1, seconds)));
    }
    if (error instanceof MethodNotAllowedException wrongMethod) {
      headers.setAllow(wrongMethod.getSupportedMethods());
    }
    if (problem.status().value() == 401) {
      headers.set(HttpHeaders.WWW_AUTHENTICATE, "Bearer");
    }
    response.setStatusCode(problem.status());
    byte[] body = json.writeValueAsBytes(problem.document(path));
    headers.setContentLength(body.length);
    return response.writeWith(Mono.just(response.bufferFactory().wrap(body)));
  }

  /** A stack trace is for defects; a store or an engine that is away says so in one line. */
  private static void logServerError(ServerWebExchange exchange, AdminProblem problem) {
    if (problem.status().value() == 500) {
      log.error("request={} status=500 failed", exchange.getRequest().getId(), problem.getCause());
    } else if (problem.status().is5xxServerError()) {
      log.warn(
          "request={} status={} code={} detail=\"{}\"",
          exchange.getRequest().getId(),
          problem.status().value(),
          problem.code(),
          problem.getMessage());
    }
  }
}
