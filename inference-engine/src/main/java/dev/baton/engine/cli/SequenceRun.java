package dev.baton.engine.cli;

import dev.baton.engine.Engine;
import dev.baton.engine.GenerationEvent;
import dev.baton.engine.GenerationEvent.Alternative;
import dev.baton.engine.GenerationEvent.GeneratedToken;
import dev.baton.engine.GenerationRequest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;

/** One sequence that the engine runs: its events wait here until they are looked at. */
final class SequenceRun {
  private final BlockingQueue<GenerationEvent> events = new LinkedBlockingQueue<>();
  private final List<GeneratedToken> tokens = new ArrayList<>();
  private final StringBuilder text = new StringBuilder();
  private String finishReason = "";

  private SequenceRun() {}

  /** Queues a request; its events are bounded by its tokens. */
  static SequenceRun start(Engine engine, GenerationRequest request) {
    SequenceRun run = new SequenceRun();
    engine.generate(request, run.events::add);
    return run;
  }

  /**
   * Waits for the end.
   *
   * @param newText receives text as it becomes certain
   * @throws dev.baton.engine.EngineException what the engine failed with
   */
  SequenceRun await(Consumer<String> newText) throws InterruptedException {
    while (true) {
      switch (events.take()) {
        case GenerationEvent.Started ignored -> {}
        case GenerationEvent.Token token -> {
          tokens.add(token.token());
          add(token.text(), newText);
        }
        case GenerationEvent.Finished finished -> {
          add(finished.text(), newText);
          finishReason = finished.reason().name().toLowerCase(Locale.ROOT);
          return this;
        }
        case GenerationEvent.Failed failed -> throw failed.error();
      }
    }
  }

  private void add(String part, Consumer<String> newText) {
    text.append(part);
    newText.accept(part);
  }

  List<GeneratedToken> tokens() {
    return tokens;
  }

  String json(int[] promptIds) {
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("promptIds", promptIds);
    result.put("ids", tokens.stream().mapToInt(GeneratedToken::id).toArray());
    result.put("text", text.toString());
    result.put("finishReason", finishReason);
    result.put("steps", tokens.stream().map(SequenceRun::step).toList());
    return JsonText.line(result);
  }

  private static Map<String, Object> step(GeneratedToken token) {
    Map<String, Object> step = new LinkedHashMap<>();
    step.put("id", token.id());
    step.put("logit", token.logit());
    step.put("logprob", token.logprob());
    step.put("top", token.top().stream().map(SequenceRun::alternative).toList());
    return step;
  }

  private static Map<String, Object> alternative(Alternative token) {
    Map<String, Object> alternative = new LinkedHashMap<>();
    alternative.put("id", token.id());
    alternative.put("logit", token.logit());
    alternative.put("logprob", token.logprob());
    return alternative;
  }
}
