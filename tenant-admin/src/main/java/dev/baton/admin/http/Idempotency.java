package dev.baton.admin.http;

import dev.baton.admin.storage.Scripts;
import dev.baton.admin.storage.Store;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.Principal;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.annotation.Order;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferLimitException;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import org.springframework.data.redis.core.script.RedisScript;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatus;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.stereotype.Component;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * {@code Idempotency-Key} on the admin API's POSTs: a request that is sent again gets the answer of
 * the first and does nothing a second time (draft-ietf-httpapi-idempotency-key-header).
 *
 * <p>Implementation note: of the key only a digest is stored, with the sender's name in it, so that
 * nobody meets another's answers. The first request leaves a mark, which the answer replaces before
 * it is sent; success alone is kept, what failed may be tried again with the same key. An answer
 * can hold a new API key, hence it is {@linkplain SealedAnswer sealed}. A node that dies between
 * change and answer leaves its mark until {@code baton.admin.idempotency-lock} is over: until then
 * 409, afterwards the request is carried out again.
 */
@Component
@Order(0) // behind the security chain, at -100
final class Idempotency implements WebFilter {
  private static final Logger log = LoggerFactory.getLogger(Idempotency.class);
  private static final String HEADER = "Idempotency-Key";

  /** 16 characters or more, because whoever knows the key can ask for the answer. */
  private static final Pattern KEY = Pattern.compile("[\\x21-\\x7e]{16,255}");

  // ARGV: fingerprint, millis
  private static final RedisScript<List<String>> CLAIM =
      Scripts.of(
          """
          local known = redis.call('HMGET', KEYS[1], 'request', 'answer')
          if known[1] then
            if known[1] ~= ARGV[1] then return {'OTHER'} end
            return known[2] and {'DONE', known[2]} or {'RUNNING'}
          end
          redis.call('HSET', KEYS[1], 'request', ARGV[1])
          redis.call('PEXPIRE', KEYS[1], ARGV[2])
          return {'MINE'}
          """);

  // ARGV: answer, millis
  private static final RedisScript<List<String>> KEEP =
      Scripts.of(
          """
          redis.call('HSET', KEYS[1], 'answer', ARGV[1])
          redis.call('PEXPIRE', KEYS[1], ARGV[2])
          return {'OK'}
          """);

  private static final RedisScript<List<String>> RELEASE =
      Scripts.of("redis.call('DEL', KEYS[1]) return {'OK'}");

  private final Store store;
  private final AdminSettings settings;

  Idempotency(Store store, AdminSettings settings) {
    this.store = store;
    this.settings = settings;
  }

  @Override
  public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
    ServerHttpRequest request = exchange.getRequest();
    String key = request.getHeaders().getFirst(HEADER);
    if (key == null
        || !HttpMethod.POST.equals(request.getMethod())
        || !request.getPath().pathWithinApplication().value().startsWith("/admin/")) {
      return chain.filter(exchange);
    }
    if (!KEY.matcher(key).matches()) {
      return Mono.error(
          AdminProblem.invalid(
              HEADER, "must be 16 to 255 visible ASCII characters, such as a random UUID"));
    }
    return exchange
        .getPrincipal()
        .map(Principal::getName)
        .zipWith(body(request))
        .flatMap(known -> once(exchange, chain, key, known.getT1(), known.getT2()));
  }

  private Mono<Void> once(
      ServerWebExchange exchange, WebFilterChain chain, String key, String sender, byte[] body) {
    String place = "baton:idempotency:" + hex(digest(sender + "\n" + key));
    ServerHttpRequest request = exchange.getRequest();
    MessageDigest fingerprint = sha256();
    fingerprint.update((request.getURI().getRawPath() + "\n").getBytes(StandardCharsets.UTF_8));
    fingerprint.update(
        (nullToEmpty(request.getURI().getRawQuery()) + "\n").getBytes(StandardCharsets.UTF_8));
    fingerprint.update(body);
    return store
        .write(
            CLAIM,
            List.of(place),
            List.of(hex(fingerprint.digest()), millis(settings.idempotencyLock())))
        .flatMap(claim ->
            switch (claim.getFirst()) {
              case "MINE" -> first(exchange, chain, place, new SealedAnswer(key), body);
              case "DONE" ->
                  again(exchange.getResponse(), new SealedAnswer(key).open(claim.get(1)));
              case "RUNNING" -> Mono.<Void>error(running());
              default -> Mono.<Void>error(otherRequest());
            });
  }

  private Mono<Void> first(
      ServerWebExchange exchange,
      WebFilterChain chain,
      String place,
      SealedAnswer sealed,
      byte[] body) {
    AnswerRecorder recorder =
        new AnswerRecorder(
            exchange.getResponse(),
            answer ->
                store
                    .write(
                        KEEP,
                        List.of(place),
                        List.of(sealed.seal(answer), millis(settings.idempotencyKept())))
                    .then()
                    // The change is made: its answer is worth more than the promise to repeat it.
                    .onErrorResume(error -> {
                      log.warn("an idempotent answer could not be kept: {}", error.toString());
                      return Mono.empty();
                    }));
    Mono<Void> release = store.write(RELEASE, List.of(place), List.of()).then().onErrorComplete();
    return chain
        .filter(
            exchange
                .mutate()
                .request(replay(exchange.getRequest(), body))
                .response(recorder)
                .build())
        .then(Mono.defer(() -> recorder.kept() ? Mono.empty() : release))
        .onErrorResume(error -> release.then(Mono.error(error)));
  }

  private static Mono<Void> again(ServerHttpResponse response, Answer answer) {
    response.setRawStatusCode(answer.status());
    answer.headers().forEach(response.getHeaders()::set);
    response.getHeaders().set("Idempotency-Replayed", "true");
    return answer.body().length == 0
        ? response.setComplete()
        : response.writeWith(Mono.just(response.bufferFactory().wrap(answer.body())));
  }

  private Mono<byte[]> body(ServerHttpRequest request) {
    long limit = settings.maxPromptBody().toBytes();
    return DataBufferUtils.join(request.getBody(), Math.toIntExact(limit))
        .onErrorMap(DataBufferLimitException.class, e -> StrictJsonReader.tooLong(null, limit))
        .map(Idempotency::bytes)
        .defaultIfEmpty(new byte[0]);
  }

  private static byte[] bytes(DataBuffer buffer) {
    byte[] bytes = new byte[buffer.readableByteCount()];
    buffer.read(bytes);
    DataBufferUtils.release(buffer);
    return bytes;
  }

  private static ServerHttpRequest replay(ServerHttpRequest request, byte[] body) {
    return new ServerHttpRequestDecorator(request) {
      @Override
      public Flux<DataBuffer> getBody() {
        return body.length == 0
            ? Flux.empty()
            : Flux.just(DefaultDataBufferFactory.sharedInstance.wrap(body));
      }
    };
  }

  private static AdminProblem running() {
    return AdminProblem.conflict(
            "idempotent-request-running",
            "The first request with this Idempotency-Key has not ended yet; repeat it in a moment.")
        .retryAfter(Duration.ofSeconds(1));
  }

  private static AdminProblem otherRequest() {
    return new AdminProblem(
        HttpStatus.UNPROCESSABLE_CONTENT,
        "idempotency-key-reused",
        "This Idempotency-Key was used for another request; choose a new one for each.",
        null);
  }

  private static byte[] digest(String text) {
    return sha256().digest(text.getBytes(StandardCharsets.UTF_8));
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  private static String millis(Duration duration) {
    return Long.toString(duration.toMillis());
  }

  private static String nullToEmpty(@Nullable String text) {
    return text == null ? "" : text;
  }
}
