package dev.baton.platform.bench;

import dev.baton.engine.ChatMessage;
import dev.baton.engine.GenerationEvent;
import dev.baton.engine.GenerationRequest;
import dev.baton.engine.SamplingParameters;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.http.server.HttpServerResponse;

/**
 * What the load takes without the platform: an {@link InstantEngine} behind Reactor Netty, the
 * server that the platform runs on. It looks at no request and knows no tenant, key or limit.
 */
public final class BareServer {
  private static final String FRAME =
      """
      data: {"id":"bare","object":"chat.completion.chunk","created":1,"model":"instant",\
      "choices":[{"index":0,"delta":{"content":"%s"},"finish_reason":null}]}

      """
          .formatted(InstantEngine.WORD);

  private static final int TOKENS = 4;
  private static final GenerationRequest REQUEST =
      GenerationRequest.sampled(
          "bare",
          "nobody",
          null,
          new GenerationRequest.Chat(List.of(new ChatMessage("user", "Hello"))),
          SamplingParameters.GREEDY,
          TOKENS,
          List.of(),
          0);

  private final InstantEngine engine;

  private BareServer(InstantEngine engine) {
    this.engine = engine;
  }

  /**
   * Serves until its input ends.
   *
   * @param args none
   */
  public static void main(String[] args) throws IOException {
    try (InstantEngine engine = new InstantEngine()) {
      DisposableServer server =
          HttpServer.create()
              .host("127.0.0.1")
              .port(0)
              .handle(new BareServer(engine)::answer)
              .bindNow();
      System.out.println("port " + server.port());
      System.in.transferTo(OutputStream.nullOutputStream());
      server.disposeNow();
    }
  }

  private Publisher<Void> answer(HttpServerRequest request, HttpServerResponse response) {
    return request.receive().then(response.sse().sendString(tokens()).then());
  }

  private Flux<String> tokens() {
    return Flux.create(frames ->
        engine.generate(
            REQUEST,
            event -> {
              if (event instanceof GenerationEvent.Token) {
                frames.next(FRAME);
              } else if (event instanceof GenerationEvent.Finished) {
                frames.complete();
              }
            }));
  }
}
