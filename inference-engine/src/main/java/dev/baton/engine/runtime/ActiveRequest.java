package dev.baton.engine.runtime;

import dev.baton.engine.EngineException;
import dev.baton.engine.FinishReason;
import dev.baton.engine.Generation;
import dev.baton.engine.GenerationEvent;
import dev.baton.engine.GenerationEvent.Alternative;
import dev.baton.engine.GenerationEvent.GeneratedToken;
import dev.baton.engine.GenerationListener;
import dev.baton.engine.GenerationRequest;
import dev.baton.engine.TokenUsage;
import dev.baton.engine.sampling.Draw;
import dev.baton.engine.sampling.SampledToken;
import dev.baton.engine.sampling.Sampler;
import dev.baton.engine.sampling.StopMatcher;
import dev.baton.engine.sampling.TokenLogprob;
import dev.baton.engine.scheduler.Sequence;
import dev.baton.engine.tokenizer.TokenDecoder;
import dev.baton.engine.tokenizer.Tokenizer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * An accepted request: how its tokens are drawn and become text, and what it has used. Its sampler
 * and text state outlive a preemption. Changed by the engine thread only, but for {@link #cancel}.
 */
final class ActiveRequest implements Generation {
  private final GenerationRequest request;
  private final GenerationListener listener;
  private final Prompts.Prepared prompt;
  private final int maxTokens;
  private final Tokenizer tokenizer;
  private final Sampler sampler;
  private final TokenDecoder decoder;
  private final StopMatcher stop;
  private final Instant accepted;
  private final Consumer<ActiveRequest> onCancel;
  private final AtomicBoolean cancelled = new AtomicBoolean();

  private @Nullable Sequence sequence;
  private @Nullable Instant started;
  private @Nullable Instant firstToken;
  private int cachedTokens;
  private int completionTokens;
  private boolean ended;
  private boolean listenerFailed;

  ActiveRequest(
      GenerationRequest request,
      GenerationListener listener,
      Prompts.Prepared prompt,
      int maxTokens,
      Tokenizer tokenizer,
      Instant accepted,
      Consumer<ActiveRequest> onCancel) {
    this.request = request;
    this.listener = listener;
    this.prompt = prompt;
    this.maxTokens = maxTokens;
    this.tokenizer = tokenizer;
    this.accepted = accepted;
    this.onCancel = onCancel;
    sampler = new Sampler(request.sampling(), tokenizer.vocabSize(), prompt.tokens());
    decoder =
        switch (request.input()) {
          case GenerationRequest.Chat chat -> new TokenDecoder(tokenizer);
          case GenerationRequest.Tokens tokens -> TokenDecoder.continuing(tokenizer);
        };
    stop = new StopMatcher(request.stop());
  }

  @Override
  public int promptTokenCount() {
    return prompt.tokens().length;
  }

  @Override
  public void cancel() {
    if (cancelled.compareAndSet(false, true)) {
      onCancel.accept(this);
    }
  }

  /** The request's place in the schedule, from the moment when the engine thread knows it. */
  Sequence sequence(long number) {
    Sequence created = new Sequence(number, request.tenantId(), prompt.tokens(), prompt.system());
    sequence = created;
    return created;
  }

  @Nullable Sequence sequence() {
    return sequence;
  }

  String requestId() {
    return request.requestId();
  }

  String tenantId() {
    return request.tenantId();
  }

  boolean hasStarted() {
    return started != null;
  }

  GenerationEvent.Started start(Instant now, int sharedTokens) {
    started = now;
    cachedTokens = sharedTokens;
    return new GenerationEvent.Started(promptTokenCount(), cachedTokens);
  }

  /** What became of a position's logits. */
  sealed interface Next {}

  /** Another token; generation goes on, or ends for the given reason. */
  record Emit(GenerationEvent.Token event, int id, @Nullable FinishReason end) implements Next {}

  /** The model ended its turn. */
  record EndOfTurn() implements Next {}

  /** What the next token depends on beside its logits; null when more than the token is wanted. */
  @Nullable Draw draw() {
    return request.forcedTokens() == null && request.topLogprobs() == 0 ? sampler.draw() : null;
  }

  /** Takes a token that was chosen by {@link #draw}. */
  Next next(SampledToken drawn, Instant now) {
    return taken(sampler.take(drawn), now);
  }

  /**
   * Chooses the next token.
   *
   * @param logits {@code [vocabSize]}, may be changed
   */
  Next next(float[] logits, Instant now) {
    int[] forced = request.forcedTokens();
    return taken(
        forced == null
            ? sampler.sample(logits, request.topLogprobs())
            : sampler.force(logits, forced[completionTokens], request.topLogprobs()),
        now);
  }

  private Next taken(SampledToken sampled, Instant now) {
    boolean forced = request.forcedTokens() != null;
    if (!forced && !request.ignoreEos() && tokenizer.isEndOfGeneration(sampled.id())) {
      return new EndOfTurn();
    }
    if (firstToken == null) {
      firstToken = now;
    }
    completionTokens++;
    String text = stop.accept(decoder.append(sampled.id()));
    FinishReason end = null;
    if (stop.matched()) {
      end = FinishReason.STOP;
    } else if (completionTokens == maxTokens) {
      end = FinishReason.LENGTH;
    }
    return new Emit(new GenerationEvent.Token(generated(sampled), text), sampled.id(), end);
  }

  private GeneratedToken generated(SampledToken sampled) {
    List<Alternative> top = new ArrayList<>(sampled.top().size());
    for (TokenLogprob token : sampled.top()) {
      top.add(
          new Alternative(token.id(), tokenizer.bytes(token.id()), token.logit(), token.logprob()));
    }
    return new GeneratedToken(
        sampled.id(), tokenizer.bytes(sampled.id()), sampled.logit(), sampled.logprob(), top);
  }

  GenerationEvent.Finished finish(FinishReason reason, Instant now) {
    ended = true;
    String text = stop.accept(decoder.flush()) + stop.flush();
    return new GenerationEvent.Finished(reason, text, usage(now));
  }

  GenerationEvent.Failed fail(EngineException error, Instant now) {
    ended = true;
    return new GenerationEvent.Failed(error, usage(now));
  }

  boolean ended() {
    return ended;
  }

  TokenUsage usage(Instant now) {
    return new TokenUsage(
        promptTokenCount(),
        cachedTokens,
        completionTokens,
        since(started == null ? now : started),
        firstToken == null ? Duration.ZERO : since(firstToken),
        since(now));
  }

  private Duration since(Instant moment) {
    Duration duration = Duration.between(accepted, moment);
    return duration.isNegative() ? Duration.ZERO : duration; // a clock may be set back
  }

  GenerationListener listener() {
    return listener;
  }

  boolean listenerFailed() {
    return listenerFailed;
  }

  /** Remembers that the listener threw; true the first time only. */
  boolean failListener() {
    boolean first = !listenerFailed;
    listenerFailed = true;
    return first;
  }
}
