package dev.baton.platform.chat;

import dev.baton.admin.apikey.TenantAccess;
import dev.baton.engine.Engine;
import dev.baton.engine.EngineModel;
import dev.baton.engine.GenerationEvent;
import dev.baton.engine.GenerationRequest;
import dev.baton.engine.SystemPrompt;
import dev.baton.platform.access.Caller;
import dev.baton.platform.operations.Drain;
import dev.baton.platform.operations.EngineSpans;
import dev.baton.platform.operations.RequestOutcomes;
import dev.baton.platform.problem.ApiProblem;
import dev.baton.platform.problem.Problems;
import dev.baton.platform.problem.RequestId;
import dev.baton.platform.quota.Quota;
import dev.baton.platform.quota.Reservation;
import dev.baton.platform.routing.EngineDoor;
import io.netty.channel.EventLoop;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.parameters.RequestBody;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferLimitException;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.http.CacheControl;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.netty.http.server.HttpServerRequest;
import tools.jackson.databind.json.JsonMapper;

/**
 * {@code POST /v1/chat/completions}. The answer is written by hand, so that the status is decided
 * by admission, an error after the first byte becomes the stream's last event, and a client that
 * goes away reaches the engine through one unshared chain.
 */
@RestController
@Tag(name = "Chat")
final class ChatEndpoint {
  /** Asks for whichever model is served, for clients that do not care. */
  static final String ANY_MODEL = "default";

  static final String PATH = "/v1/chat/completions";

  private static final String KEEP_ALIVE = ": keep-alive\n\n";

  /**
   * Bytes of a body and characters of a system prompt, together: a byte-level tokenizer takes less
   * than 2 ms for so much of the most expensive texts found.
   */
  private static final int LONGEST_ON_LOOP = 8192;

  private final Engine engine;
  private final EngineDoor door;
  private final JsonMapper json;
  private final RequestReader reader;
  private final ChatSettings settings;
  private final Drain drain;
  private final RequestOutcomes outcomes;
  private final Quota quota;
  private final RunningStreams running;
  private final EngineSpans spans;
  private final InstantSource clock;

  ChatEndpoint(
      Engine engine,
      EngineDoor door,
      JsonMapper json,
      ChatSettings settings,
      Drain drain,
      RequestOutcomes outcomes,
      Quota quota,
      RunningStreams running,
      EngineSpans spans,
      InstantSource clock) {
    this.engine = engine;
    this.door = door;
    this.json = json;
    this.reader = new RequestReader(json);
    this.settings = settings;
    this.drain = drain;
    this.outcomes = outcomes;
    this.quota = quota;
    this.running = running;
    this.spans = spans;
    this.clock = clock;
  }

  @PostMapping(path = PATH, consumes = MediaType.APPLICATION_JSON_VALUE)
  @Operation(
      summary = "Answer a conversation, whole or as a stream of server-sent events",
      description =
          "OpenAI's chat completions. The tenant's active system prompt comes first; own system and"
              + " developer messages follow it. The model 'default' is whichever is served."
              + " Extensions: top_k, min_p, repetition_penalty."
              + " Unknown fields are ignored; fields with an effect that is not served are refused.",
      requestBody =
          @RequestBody(
              required = true,
              content = @Content(schema = @Schema(implementation = ChatCompletionRequest.class))),
      responses =
          @ApiResponse(
              responseCode = "200",
              content = {
                @Content(
                    mediaType = MediaType.APPLICATION_JSON_VALUE,
                    schema = @Schema(implementation = ChatCompletion.class)),
                @Content(
                    mediaType = MediaType.TEXT_EVENT_STREAM_VALUE,
                    schema = @Schema(implementation = ChatCompletionChunk.class))
              }))
  Mono<Void> complete(@Parameter(hidden = true) ServerWebExchange exchange) {
    TenantAccess tenant = Caller.of(exchange);
    String requestId = RequestId.of(exchange);
    Mono<Answering> admitted =
        body(exchange.getRequest())
            .flatMap(body -> {
              Mono<Answering> admission =
                  Mono.defer(() -> admit(reader.read(body), tenant, requestId, exchange));
              return isShort(body, tenant)
                  ? admission
                  : admission.subscribeOn(Schedulers.boundedElastic());
            })
            .doOnError(
                error -> outcomes.refused(requestId, tenant.tenantId(), Problems.of(error).code()));
    return Mono.usingWhen(
        admitted,
        answering ->
            answering.request().stream()
                ? writeStream(exchange, answering)
                : writeWhole(exchange, answering),
        Answering::end,
        (answering, error) -> answering.end(),
        Answering::end);
  }

  /** Whether the event loop has the time to read, render and tokenise a conversation. */
  private static boolean isShort(byte[] body, TenantAccess tenant) {
    SystemPrompt prompt = tenant.systemPrompt();
    int promptLength =
        prompt != null && prompt.source() instanceof SystemPrompt.Text text
            ? text.text().length()
            : 0;
    return body.length + promptLength <= LONGEST_ON_LOOP;
  }

  /**
   * An admitted request until its answer is written, or will never be.
   *
   * @param permit keeps the process from ending before
   */
  private record Answering(
      ChatCompletionRequest request, GenerationStream stream, Drain.Permit permit) {
    Mono<Void> end() {
      return Mono.fromRunnable(() -> {
        stream.cancel();
        permit.close();
      });
    }
  }

  /** The content length is believed before a byte is read; without one the bytes are counted. */
  private Mono<byte[]> body(ServerHttpRequest request) {
    long limit = settings.maxBodySize().toBytes();
    if (request.getHeaders().getContentLength() > limit) {
      return Mono.error(ApiProblem.tooLarge(limit));
    }
    return DataBufferUtils.join(request.getBody(), (int) limit)
        .map(ChatEndpoint::bytes)
        .onErrorMap(DataBufferLimitException.class, e -> ApiProblem.tooLarge(limit))
        .switchIfEmpty(Mono.error(() -> ApiProblem.badBody("The request body is empty.")));
  }

  private static byte[] bytes(DataBuffer buffer) {
    byte[] bytes = new byte[buffer.readableByteCount()];
    buffer.read(bytes);
    DataBufferUtils.release(buffer);
    return bytes;
  }

  private Mono<Answering> admit(
      ChatCompletionRequest request,
      TenantAccess tenant,
      String requestId,
      ServerWebExchange exchange) {
    if (!request.model().equals(engine.model().id()) && !request.model().equals(ANY_MODEL)) {
      throw ApiProblem.modelNotFound(request.model());
    }
    GenerationRequest generation =
        RequestMapper.toEngine(
            request, engine.model(), requestId, tenant.tenantId(), tenant.systemPrompt());
    Drain.Permit permit = drain.enter();
    return quota
        .reserve(tenant, generation, exchange.getResponse().getHeaders())
        .map(reservation -> open(tenant, request, reservation, permit, exchange))
        .doOnError(error -> permit.close())
        .doOnCancel(permit::close);
  }

  /** A permit of its own keeps the process until the request is settled, read or not. */
  private Answering open(
      TenantAccess caller,
      ChatCompletionRequest request,
      Reservation reservation,
      Drain.Permit permit,
      ServerWebExchange exchange) {
    GenerationRequest generation = reservation.request();
    Drain.Permit settling = permit.another();
    Scheduler loop = Schedulers.fromExecutor(orHere(loop(exchange)));
    try {
      GenerationStream stream =
          GenerationStream.open(
              door::generate,
              generation,
              settings.streamBuffer(),
              // Begins after what the engine has told so far is written.
              last ->
                  quota
                      .settle(reservation, last)
                      .subscribeOn(loop)
                      .doFinally(signal -> settling.close()));
      Consumer<GenerationEvent> span = spans.begin(exchange, generation);
      stream
          .outcome()
          .publishOn(loop) // as late,
          .publishOn(Schedulers.parallel()) // and then elsewhere: its line may wait for the log
          .subscribe(last -> {
            span.accept(last);
            outcomes.ended(
                generation.requestId(),
                generation.tenantId(),
                request.stream(),
                stream.cutOff(),
                last);
          });
      running.register(caller, stream);
      return new Answering(request, stream, permit);
    } catch (RuntimeException e) {
      quota.release(reservation);
      settling.close();
      throw e;
    }
  }

  private Mono<Void> writeWhole(ServerWebExchange exchange, Answering answering) {
    return answering.stream()
        .events(Schedulers.parallel()::schedule) // its answer may be long to encode
        .collect(
            () -> new CompletionBuilder(head(), answering.request().logprobs()),
            (answer, batch) -> batch.forEach(answer::add))
        .flatMap(answer -> {
          byte[] body = json.writeValueAsBytes(answer.build());
          ServerHttpResponse response = exchange.getResponse();
          response.getHeaders().setContentType(MediaType.APPLICATION_JSON);
          response.getHeaders().setContentLength(body.length);
          return response.writeWith(Mono.just(response.bufferFactory().wrap(body)));
        });
  }

  private Mono<Void> writeStream(ServerWebExchange exchange, Answering answering) {
    ServerHttpResponse response = exchange.getResponse();
    HttpHeaders headers = response.getHeaders();
    headers.setContentType(MediaType.TEXT_EVENT_STREAM);
    headers.setCacheControl(CacheControl.noCache());
    headers.set("X-Accel-Buffering", "no"); // nginx would hold the events back
    ChunkEncoder encoder = new ChunkEncoder(json, head(), answering.request());
    // The first comment also commits the status, which keeps a long wait in the queue alive.
    Flux<String> frames =
        answering.stream()
            .events(loop(exchange), settings.keepAlive())
            .map(batch -> batch.isEmpty() ? KEEP_ALIVE : encoder.frames(batch))
            .filter(frame -> !frame.isEmpty())
            .onErrorResume(error ->
                response.isCommitted()
                    ? Flux.just(encoder.errorFrame(Problems.of(error)))
                    : Flux.error(error));
    return response.writeWith(
        frames.map(frame -> response.bufferFactory().wrap(frame.getBytes(StandardCharsets.UTF_8))));
  }

  /**
   * The thread that writes to a request's connection. Encoded there, an event reaches the socket
   * with one change of threads.
   */
  private static EventLoop loop(ServerWebExchange exchange) {
    HttpServerRequest request = ServerHttpRequestDecorator.getNativeRequest(exchange.getRequest());
    AtomicReference<EventLoop> loop = new AtomicReference<>();
    request.withConnection(connection -> loop.set(connection.channel().eventLoop()));
    return loop.get();
  }

  /** Runs there; on the caller's thread when the loop has ended already. */
  private static Executor orHere(EventLoop loop) {
    return task -> {
      try {
        loop.execute(task);
      } catch (RejectedExecutionException ended) {
        task.run();
      }
    };
  }

  private AnswerHead head() {
    String id = "chatcmpl-" + UUID.randomUUID().toString().replace("-", "");
    EngineModel model = engine.model();
    return new AnswerHead(
        id, clock.instant().getEpochSecond(), model.id(), ModelsEndpoint.fingerprint(model));
  }
}
