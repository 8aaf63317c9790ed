package dev.baton.platform.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;

/**
 * What is asked of a server, drawn from a seed: equal seeds ask every server the same.
 *
 * @param systemTokens length of each tenant's system prompt
 * @param requests in order of arrival
 */
record Workload(List<Integer> systemTokens, List<Request> requests) {

  /**
   * A request.
   *
   * @param tenant its index
   * @param promptTokens of the user's message
   * @param answerTokens that are asked for at most
   * @param arrivalSeconds after the start, for open arrivals
   */
  record Request(
      int number, int tenant, int promptTokens, int answerTokens, double arrivalSeconds) {}

  /** How a workload is drawn. */
  record Shape(
      int tenants,
      double zipf,
      int leastSystemTokens,
      int mostSystemTokens,
      Lengths prompts,
      Lengths answers,
      int requests,
      double requestsPerSecond) {}

  /** Tenant k of n gets a share in proportion to {@code 1 / (k + 1)^zipf}. */
  static Workload draw(Shape shape, long seed) {
    SplittableRandom seeds = new SplittableRandom(seed);
    Random lengths = new Random(seeds.nextLong());
    Random tenants = new Random(seeds.nextLong());
    Random arrivals = new Random(seeds.nextLong());
    List<Integer> systemTokens = new ArrayList<>();
    double[] upTo = new double[shape.tenants()];
    double sum = 0;
    for (int k = 0; k < shape.tenants(); k++) {
      int range = shape.mostSystemTokens() - shape.leastSystemTokens();
      systemTokens.add(shape.leastSystemTokens() + lengths.nextInt(range + 1));
      sum += Math.pow(k + 1, -shape.zipf());
      upTo[k] = sum;
    }
    List<Request> requests = new ArrayList<>();
    double time = 0;
    for (int i = 0; i < shape.requests(); i++) {
      double at = tenants.nextDouble() * sum;
      int tenant = 0;
      while (tenant < shape.tenants() - 1 && upTo[tenant] <= at) {
        tenant++;
      }
      if (shape.requestsPerSecond() > 0) {
        time -= Math.log(1 - arrivals.nextDouble()) / shape.requestsPerSecond();
      }
      requests.add(
          new Request(
              i, tenant, shape.prompts().draw(lengths), shape.answers().draw(lengths), time));
    }
    return new Workload(List.copyOf(systemTokens), List.copyOf(requests));
  }
}
