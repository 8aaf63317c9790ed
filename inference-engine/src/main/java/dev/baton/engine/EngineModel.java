package dev.baton.engine;

/**
 * The served model as callers see it.
 *
 * @param id name under which the API offers it
 * @param architecture GGUF architecture, such as {@code llama}
 * @param parameterCount number of weights
 * @param contextLength tokens a sequence may have, system prompt included
 * @param vocabSize number of token ids
 * @param kvBytesPerToken bytes of keys and values one token takes over all layers
 */
public record EngineModel(
    String id,
    String architecture,
    long parameterCount,
    int contextLength,
    int vocabSize,
    long kvBytesPerToken) {}
