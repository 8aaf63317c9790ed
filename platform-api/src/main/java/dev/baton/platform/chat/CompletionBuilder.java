package dev.baton.platform.chat;

import dev.baton.engine.GenerationEvent;
import dev.baton.engine.TokenUsage;
import dev.baton.platform.chat.ChatCompletion.AssistantMessage;
import dev.baton.platform.chat.ChatCompletion.Choice;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Gathers one request's events into an answer that is sent whole; bounded by its tokens. */
final class CompletionBuilder {
  private final AnswerHead head;
  private final boolean wantsLogprobs;
  private final StringBuilder text = new StringBuilder();
  private final List<Logprobs.TokenLogprob> logprobs = new ArrayList<>();
  private @Nullable String finishReason;
  private @Nullable TokenUsage usage;

  CompletionBuilder(AnswerHead head, boolean wantsLogprobs) {
    this.head = head;
    this.wantsLogprobs = wantsLogprobs;
  }

  void add(GenerationEvent event) {
    switch (event) {
      case GenerationEvent.Started started -> {}
      case GenerationEvent.Token token -> {
        text.append(token.text());
        if (wantsLogprobs) {
          logprobs.add(Logprobs.of(token.token()));
        }
      }
      case GenerationEvent.Finished finished -> {
        text.append(finished.text());
        finishReason = ChunkEncoder.finishReason(finished.reason());
        usage = finished.usage();
      }
      case GenerationEvent.Failed failed -> throw failed.error();
    }
  }

  ChatCompletion build() {
    Choice choice =
        new Choice(
            0,
            new AssistantMessage("assistant", text.toString(), null),
            wantsLogprobs ? new Logprobs(List.copyOf(logprobs)) : null,
            Objects.requireNonNull(
                finishReason, "the engine ended a stream without its last event"));
    return new ChatCompletion(
        head.id(),
        "chat.completion",
        head.created(),
        head.model(),
        List.of(choice),
        Usage.of(Objects.requireNonNull(usage)),
        head.systemFingerprint());
  }
}
