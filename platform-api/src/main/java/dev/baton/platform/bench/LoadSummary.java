package dev.baton.platform.bench;

import dev.baton.engine.bench.Row;
import dev.baton.engine.bench.Samples;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What the answers of a load amount to. */
final class LoadSummary {
  private LoadSummary() {}

  /** A request is good when it has both: time to first text and time of each further token. */
  record Slo(double firstSeconds, double perTokenSeconds) {
    boolean met(Answer answer) {
      return answer.error() == null
          && answer.timeToFirst() <= firstSeconds
          && !(answer.timePerToken() > perTokenSeconds); // a single token has none
    }
  }

  /** Adds the figures of all answers to a row. */
  static void into(Row row, List<Answer> answers, Slo slo) {
    Samples first = new Samples();
    Samples perToken = new Samples();
    Samples gaps = new Samples();
    long completion = 0;
    long prompt = 0;
    long cached = 0;
    int failed = 0;
    int good = 0;
    double begin = Double.MAX_VALUE;
    double end = 0;
    for (Answer answer : answers) {
      begin = Math.min(begin, answer.arrival());
      end = Math.max(end, answer.end());
      if (answer.error() != null) {
        failed++;
        continue;
      }
      completion += answer.completionTokens();
      prompt += answer.promptTokens();
      cached += answer.cachedTokens();
      first.add(answer.timeToFirst());
      if (!Double.isNaN(answer.timePerToken())) {
        perToken.add(answer.timePerToken());
      }
      for (double gap : answer.gaps()) {
        gaps.add(gap);
      }
      good += slo.met(answer) ? 1 : 0;
    }
    double seconds = end - begin;
    row.put("requests", answers.size())
        .put("failed", failed)
        .put("seconds", seconds)
        .put("requestsPerSecond", (answers.size() - failed) / seconds)
        .put("tokensPerSecond", completion / seconds)
        .put("promptTokens", prompt)
        .put("cachedTokens", cached)
        .put("completionTokens", completion);
    percentiles(row, "firstToken", first);
    percentiles(row, "perToken", perToken);
    percentiles(row, "gap", gaps);
    row.put("goodputPerSecond", good / seconds)
        .put("goodShare", (double) good / answers.size())
        .put("jain", jain(answers));
  }

  private static void percentiles(Row row, String name, Samples seconds) {
    row.put(name + "MeanMillis", seconds.mean() * 1e3)
        .put(name + "P50Millis", seconds.percentile(0.5) * 1e3)
        .put(name + "P95Millis", seconds.percentile(0.95) * 1e3)
        .put(name + "P99Millis", seconds.percentile(0.99) * 1e3);
  }

  /**
   * Jain's index {@code (Σx)² / (n Σx²)} of what tenants get: x is a tenant's generated tokens for
   * each second that one of its requests was in the system, so that a tenant with more requests is
   * not taken for a favoured one. 1 is fair, 1/n serves one tenant alone.
   */
  static double jain(List<Answer> answers) {
    Map<Integer, double[]> tokensAndSeconds = new LinkedHashMap<>();
    for (Answer answer : answers) {
      double[] own = tokensAndSeconds.computeIfAbsent(answer.tenant(), tenant -> new double[2]);
      own[0] += answer.completionTokens();
      own[1] += answer.end() - answer.arrival();
    }
    double sum = 0;
    double squares = 0;
    for (double[] own : tokensAndSeconds.values()) {
      double x = own[1] > 0 ? own[0] / own[1] : 0;
      sum += x;
      squares += x * x;
    }
    return squares == 0 ? Double.NaN : sum * sum / (tokensAndSeconds.size() * squares);
  }
}
