package dev.baton.platform.bench;

import org.jspecify.annotations.Nullable;

/**
 * What a client saw of one request. Times are seconds since the start of the load.
 *
 * @param arrival when it was due; waiting for a connection counts
 * @param first when the first text came, NaN when none did
 * @param end when the stream ended
 * @param gaps between pieces of text
 * @param error why it failed, or null
 */
record Answer(
    int tenant,
    double arrival,
    double first,
    double end,
    double[] gaps,
    int promptTokens,
    int cachedTokens,
    int completionTokens,
    @Nullable String error) {

  double timeToFirst() {
    return first - arrival;
  }

  /** Mean time of each token after the first; NaN for a single one. */
  double timePerToken() {
    return completionTokens < 2 ? Double.NaN : (end - first) / (completionTokens - 1);
  }
}
