package dev.baton.admin.systemprompt;

import dev.baton.engine.PromptPreview;
import java.util.List;

/**
 * What a prompt would cost, and what is suspicious in it.
 *
 * @param tokens tokens of the rendered system part
 * @param kvBytes bytes its system KV would take, whole blocks
 * @param contextLength the model's context
 * @param remainingContext tokens left for a request and its answer
 * @param sharedTokens tokens the system KV can cover: those that no request can change
 * @param fits whether enough context is left to answer; a prompt that does not fit is refused
 * @param warnings lines that seem to hold credentials
 */
record PromptCost(
    int tokens,
    long kvBytes,
    int contextLength,
    int remainingContext,
    int sharedTokens,
    boolean fits,
    List<PromptLint.Warning> warnings) {

  static PromptCost of(PromptPreview preview, String text, int minRemaining) {
    return new PromptCost(
        preview.tokens(),
        preview.kvBytes(),
        preview.contextLength(),
        preview.remainingTokens(),
        preview.sharedTokens(),
        preview.remainingTokens() >= minRemaining,
        PromptLint.check(text));
  }
}
