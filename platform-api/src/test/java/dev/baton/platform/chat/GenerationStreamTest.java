package dev.baton.platform.chat;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.FinishReason;
import dev.baton.engine.GenerationEvent;
import dev.baton.engine.GenerationRequest;
import dev.baton.engine.SamplingParameters;
import dev.baton.platform.ScriptedEngine;
import dev.baton.platform.problem.ApiProblem;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

@Timeout(20)
class GenerationStreamTest {
  private static final Duration SOON = Duration.ofSeconds(5);
  private static final GenerationRequest REQUEST =
      GenerationRequest.sampled(
          "r",
          "t",
          null,
          new GenerationRequest.Chat(List.of()),
          SamplingParameters.GREEDY,
          null,
          List.of(),
          0);

  private final ScriptedEngine engine = new ScriptedEngine();

  @AfterEach
  void close() {
    engine.close();
  }

  @Test
  void deliversEveryEventInOrderAndThenEnds() throws Exception {
    GenerationStream stream =
        GenerationStream.open(engine::generate, REQUEST, 16, last -> Mono.empty());
    engine.nextRequest().begin().say("a", "b").finish(FinishReason.STOP);
    List<GenerationEvent> events =
        stream.events(Runnable::run).flatMapIterable(batch -> batch).collectList().block(SOON);
    assertThat(events)
        .hasExactlyElementsOfTypes(
            GenerationEvent.Started.class,
            GenerationEvent.Token.class,
            GenerationEvent.Token.class,
            GenerationEvent.Finished.class);
    assertThat(stream.outcome().block(SOON)).isInstanceOf(GenerationEvent.Finished.class);
  }

  @Test
  void cancelsAndFailsWhenItsReaderDoesNotAsk() throws Exception {
    GenerationStream stream =
        GenerationStream.open(engine::generate, REQUEST, 16, last -> Mono.empty());
    LastError lastError = new LastError();
    stream.events(Runnable::run).subscribe(lastError);
    ScriptedEngine.Running running = engine.nextRequest();
    running.say("x".repeat(100).split(""));
    assertThat(running.cancelledWithin(SOON)).isTrue();
    assertThat(stream.outcome().block(SOON))
        .isInstanceOfSatisfying(
            GenerationEvent.Finished.class,
            last -> assertThat(last.reason()).isEqualTo(FinishReason.CANCELLED));
    lastError.requestUnbounded();
    assertThat(lastError.error.block(SOON))
        .isInstanceOfSatisfying(
            ApiProblem.class, problem -> assertThat(problem.code()).isEqualTo("slow_reader"));
  }

  @Test
  void tellsTheOutcomeAlsoWhenNobodyReads() throws Exception {
    GenerationStream stream =
        GenerationStream.open(engine::generate, REQUEST, 16, last -> Mono.empty());
    engine.nextRequest().begin().fail(ErrorCode.INTERNAL, "gone");
    assertThat(stream.outcome().block(SOON)).isInstanceOf(GenerationEvent.Failed.class);
  }

  @Test
  void passesARefusalOn() {
    engine.refuse(new EngineException(ErrorCode.QUEUE_FULL, "full"));
    Mono<GenerationStream> opening =
        Mono.fromCallable(
            () -> GenerationStream.open(engine::generate, REQUEST, 16, last -> Mono.empty()));
    assertThat(opening.map(stream -> "accepted").onErrorResume(e -> Mono.just("refused")).block())
        .isEqualTo("refused");
  }

  private static final class LastError extends BaseSubscriber<List<GenerationEvent>> {
    private final Sinks.One<Throwable> sink = Sinks.one();
    private final Mono<Throwable> error = sink.asMono();

    @Override
    protected void hookOnSubscribe(Subscription subscription) {
      // Asks for nothing: the slowest reader there is.
    }

    @Override
    protected void hookOnError(Throwable throwable) {
      sink.tryEmitValue(throwable);
    }
  }
}
