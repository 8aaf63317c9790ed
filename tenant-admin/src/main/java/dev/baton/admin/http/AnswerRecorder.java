package dev.baton.admin.http;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.reactivestreams.Publisher;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.http.server.reactive.ServerHttpResponseDecorator;
import reactor.core.publisher.Mono;

/** Has a success kept before it is sent. */
final class AnswerRecorder extends ServerHttpResponseDecorator {
  private static final int MAX_BYTES = 256 << 10;
  private static final List<String> KEPT_HEADERS =
      List.of(HttpHeaders.CONTENT_TYPE, HttpHeaders.LOCATION, HttpHeaders.ETAG);

  private final Function<Answer, Mono<Void>> keep;
  private volatile boolean kept;

  AnswerRecorder(ServerHttpResponse response, Function<Answer, Mono<Void>> keep) {
    super(response);
    this.keep = keep;
  }

  /** Whether there was an answer to keep. */
  boolean kept() {
    return kept;
  }

  @Override
  public Mono<Void> writeWith(Publisher<? extends DataBuffer> body) {
    if (!succeeds()) {
      return super.writeWith(body);
    }
    return DataBufferUtils.join(body, MAX_BYTES)
        .flatMap(buffer -> {
          byte[] bytes = new byte[buffer.readableByteCount()];
          buffer.read(bytes);
          DataBufferUtils.release(buffer);
          return keep(bytes).then(super.writeWith(Mono.just(bufferFactory().wrap(bytes))));
        });
  }

  @Override
  public Mono<Void> setComplete() {
    return succeeds() && !kept ? keep(new byte[0]).then(super.setComplete()) : super.setComplete();
  }

  private boolean succeeds() {
    HttpStatusCode status = getStatusCode();
    return status == null || status.is2xxSuccessful();
  }

  private Mono<Void> keep(byte[] body) {
    kept = true;
    HttpStatusCode status = getStatusCode();
    Map<String, String> headers = new LinkedHashMap<>();
    for (String name : KEPT_HEADERS) {
      String value = getHeaders().getFirst(name);
      if (value != null) {
        headers.put(name, value);
      }
    }
    return keep.apply(new Answer(status == null ? 200 : status.value(), headers, body));
  }
}
