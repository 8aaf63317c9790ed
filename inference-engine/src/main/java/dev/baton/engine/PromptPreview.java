package dev.baton.engine;

/**
 * What a system prompt would cost.
 *
 * @param tokens tokens of the rendered system part
 * @param kvBytes bytes its system KV would take, whole blocks
 * @param contextLength the model's context
 * @param remainingTokens context left for a request and its answer
 * @param sharedTokens tokens the system KV can cover: those that no request can change
 */
public record PromptPreview(
    int tokens, long kvBytes, int contextLength, int remainingTokens, int sharedTokens) {}
