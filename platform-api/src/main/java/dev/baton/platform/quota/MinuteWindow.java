package dev.baton.platform.quota;

import java.util.Arrays;

/**
 * Requests and tokens of the last 61 whole seconds, which any 60 s lie within, and requests under
 * way; the window of {@code quota.lua} in this node's memory, on steady time.
 */
final class MinuteWindow {
  static final int SECONDS = 61;

  private final long[] requests = new long[SECONDS];
  private final long[] tokens = new long[SECONDS];
  private long at;
  private long allRequests;
  private long allTokens;
  private int streams;

  /** What is counted at a moment. */
  record Count(long requests, long tokens, int streams) {}

  MinuteWindow(long second) {
    at = second;
  }

  /** Counts more, or less with negative numbers, in a second that the window may still have. */
  synchronized void add(long now, long second, long moreRequests, long moreTokens) {
    advance(now);
    if (second > at - SECONDS && second <= at) {
      int slot = (int) (second % SECONDS);
      requests[slot] += moreRequests;
      tokens[slot] += moreTokens;
      allRequests += moreRequests;
      allTokens += moreTokens;
    }
  }

  synchronized void addStreams(int more) {
    streams += more;
  }

  synchronized Count count(long now) {
    advance(now);
    return new Count(allRequests, allTokens, streams);
  }

  private void advance(long now) {
    if (now - at >= SECONDS) {
      Arrays.fill(requests, 0);
      Arrays.fill(tokens, 0);
      allRequests = 0;
      allTokens = 0;
      at = now;
    }
    while (at < now) {
      at++;
      int slot = (int) (at % SECONDS);
      allRequests -= requests[slot];
      allTokens -= tokens[slot];
      requests[slot] = 0;
      tokens[slot] = 0;
    }
  }
}
