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

/**
 * Turns one request's events into SSE frames; used by one stream, in order. What frames of text
 * have in common is encoded once.
 */
final class ChunkEncoder {
  /** Of a frame without text. A quote inside of a string would be escaped: it stands there once. */
  private static final String NO_TEXT = "\"content\":\"\"";

  private final JsonMapper json;
  private final AnswerHead head;
  private final ChatCompletionRequest request;
  private final String roleFrame;
  private final String beforeText;
  private final String afterText;
  private boolean roleSent;

  ChunkEncoder(JsonMapper json, AnswerHead head, ChatCompletionRequest request) {
    this.json = json;
    this.head = head;
    this.request = request;
    roleFrame = delta(new Delta("assistant", ""), null, null);
    String frame = delta(new Delta(null, ""), null, null);
    int text = frame.indexOf(NO_TEXT) + NO_TEXT.length();
    beforeText = frame.substring(0, text - 2);
    afterText = frame.substring(text);
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
        if (request.logprobs()) {
          Logprobs logprobs = new Logprobs(List.of(Logprobs.of(token.token())));
          frames.append(delta(new Delta(null, token.text()), logprobs, null));
        } else {
          text(token.text(), frames);
        }
      }
      case GenerationEvent.Finished finished -> {
        role(frames);
        text(finished.text(), frames);
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
      frames.append(roleFrame);
    }
  }

  private void text(String text, StringBuilder frames) {
    if (!text.isEmpty()) {
      frames.append(beforeText).append(json.writeValueAsString(text)).append(afterText);
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
