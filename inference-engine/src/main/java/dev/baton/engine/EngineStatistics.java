package dev.baton.engine;

/**
 * Counters and gauges of the engine; counts are since start.
 *
 * @param freeBlocks KV blocks owned by nobody
 * @param systemBlocks KV blocks owned by system KVs
 * @param requestBlocks KV blocks owned by running sequences; free + system + request = total
 * @param pinnedBlocks of the system blocks, the pinned ones
 * @param pinBudgetBlocks blocks that may be pinned at most
 * @param relayedTokens tokens whose system attention was relayed
 * @param plainTokens tokens with a system part that were computed without relay
 * @param systemKvBytesSaved system KV bytes that relay did not read again
 */
public record EngineStatistics(
    int totalBlocks,
    int freeBlocks,
    int systemBlocks,
    int requestBlocks,
    int pinnedBlocks,
    int pinBudgetBlocks,
    int blockTokens,
    int waitingRequests,
    int runningSequences,
    int lastStepSequences,
    int lastStepGroups,
    long steps,
    long prefillTokens,
    long decodeTokens,
    long relayedTokens,
    long plainTokens,
    long systemKvBytesSaved,
    long preemptions,
    long completedRequests,
    long failedRequests,
    long cancelledRequests) {}
