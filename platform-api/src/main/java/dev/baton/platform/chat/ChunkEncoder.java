package dev.baton.platform.chat;

import dev.baton.engine.FinishReason;
import dev.baton.engine.GenerationEvent;
import dev.baton.platform.chat.ChatCompletionChunk.Choice;
import dev.baton.platform.chat.ChatCompletionChunk.Delta;
import dev.baton.platform.problem.ApiProblem;
import dev.baton.platform.problem.Problems;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/** Turns one request's events into SSE frames; used by one stream, in order. */
final class ChunkEncoder {
  private final JsonMapper json;
  private final AnswerHead head;
  private final ChatCompletionRequest request;
  private boolean roleSent;

  ChunkEncoder(JsonMapper json, AnswerHead head, ChatCompletionRequest request) {
    this.json = json;
    this.head = head;
    this.request = request;
  }

  /**
   * The frames of events that came together, to be written as one.
   *
   * @throws RuntimeException the failure of a failed generation of which nothing else is to be told
   */
  String frames(List<GenerationEvent> events) {
    StringBuilder frames = new StringBuilder();
    for (GenerationEvent event : events) {
      try {
        add(event, frames);
      } catch (RuntimeException error) {
        if (frames.isEmpty()) {
          throw error;
        }
        return frames.append(errorFrame(Problems.of(error))).toString();
      }
    }
    return frames.toString();
  }

  private void add(GenerationEvent event, StringBuilder frames) {
    switch (event) {
      case GenerationEvent.Started started -> role(frames);
      case GenerationEvent.Token token -> {
        role(frames);
        Logprobs logprobs =
            request.logprobs() ? new Logprobs(List.of(Logprobs.of(token.token()))) : null;
        if (!token.text().isEmpty() || logprobs != null) {
          frames.append(delta(new Delta(null, token.text()), logprobs, null));
        }
      }
      case GenerationEvent.Finished finished -> {
        role(frames);
        if (!finished.text().isEmpty()) {
          frames.append(delta(new Delta(null, finished.text()), null, null));
        }
        frames.append(delta(new Delta(null, null), null, finishReason(finished.reason())));
        if (request.streamOptions().includeUsage()) {
          frames.append(chunk(List.of(), Usage.of(finished.usage())));
        }
        frames.append("data: [DONE]\n\n");
      }
      case GenerationEvent.Failed failed -> throw failed.error();
    }
  }

  /** The last frame of a stream that fails after its first byte. */
  String errorFrame(ApiProblem problem) {
    return frame(problem.body());
  }

  static String finishReason(FinishReason reason) {
    return switch (reason) {
      case STOP -> "stop";
      case LENGTH -> "length";
      case CANCELLED ->
          throw ApiProblem.internal(
              new IllegalStateException("cancelled while its reader was there"));
    };
  }

  private void role(StringBuilder frames) {
    if (!roleSent) {
      roleSent = true;
      frames.append(delta(new Delta("assistant", ""), null, null));
    }
  }

  private String delta(Delta delta, @Nullable Logprobs logprobs, @Nullable String finishReason) {
    return chunk(List.of(new Choice(0, delta, logprobs, finishReason)), null);
  }

  private String chunk(List<Choice> choices, @Nullable Usage usage) {
    ChatCompletionChunk chunk =
        new ChatCompletionChunk(
            head.id(),
            "chat.completion.chunk",
            head.created(),
            head.model(),
            head.systemFingerprint(),
            choices);
    return frame(
        request.streamOptions().includeUsage()
            ? new ChatCompletionChunk.WithUsage(chunk, usage)
            : chunk);
  }

  private String frame(Object data) {
    return "data: " + json.writeValueAsString(data) + "\n\n";
  }
}
