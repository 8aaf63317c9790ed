package dev.baton.platform.bench;

import dev.baton.engine.bench.RunHeader;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What is asked of a server, as options. */
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class WorkloadOptions {
  @Option(
      names = "--requests",
      paramLabel = "N",
      defaultValue = "64",
      description = "Requests in all (${DEFAULT-VALUE}).")
  private int requests;

  @Option(
      names = "--clients",
      paramLabel = "N",
      defaultValue = "16",
      description =
          "Closed loop: clients that each send their next request when the last is answered"
              + " (${DEFAULT-VALUE}); with --rate only the peer's slots.")
  private int clients;

  @Option(
      names = "--rate",
      paramLabel = "R",
      description = "Poisson arrivals instead, R requests a second on average.")
  private @Nullable Double rate;

  @Option(
      names = "--tenants",
      paramLabel = "N",
      defaultValue = "4",
      description = "Tenants (${DEFAULT-VALUE}).")
  private int tenants;

  @Option(
      names = "--zipf",
      paramLabel = "X",
      defaultValue = "1",
      description =
          "Tenant k gets requests in proportion to 1/k^X; 0 for equal shares (${DEFAULT-VALUE}).")
  private double zipf;

  @Option(
      names = "--system",
      paramLabel = "S",
      split = "-",
      defaultValue = "512-2048",
      description = "Tokens of the system prompts, least-most (${DEFAULT-VALUE}).")
  private List<Integer> system;

  @Option(
      names = "--prompt",
      paramLabel = "P",
      description = "Tokens of every message; without it as in ShareGPT.")
  private @Nullable Integer prompt;

  @Option(
      names = "--answer",
      paramLabel = "A",
      description = "Tokens of every answer at most; without it as in ShareGPT.")
  private @Nullable Integer answer;

  @Option(
      names = "--slo-first",
      paramLabel = "MS",
      defaultValue = "3000",
      description = "Time to the first text of a good request (${DEFAULT-VALUE}).")
  private double sloFirstMillis;

  @Option(
      names = "--slo-token",
      paramLabel = "MS",
      defaultValue = "200",
      description = "Mean time of each further token of a good request (${DEFAULT-VALUE}).")
  private double sloTokenMillis;

  int clients() {
    return clients;
  }

  boolean poisson() {
    return rate != null;
  }

  /** Tokens of the longest chat. */
  int longest() {
    return system.getLast() + prompts().most() + answers().most() + 64;
  }

  LoadSummary.Slo slo() {
    return new LoadSummary.Slo(sloFirstMillis / 1e3, sloTokenMillis / 1e3);
  }

  String sloText() {
    return String.format(
        Locale.ROOT,
        "Good: first text within %.0f ms, %.0f ms a token after it.",
        sloFirstMillis,
        sloTokenMillis);
  }

  private Lengths prompts() {
    return prompt == null ? Lengths.SHAREGPT_PROMPTS : Lengths.fixed(prompt);
  }

  private Lengths answers() {
    return answer == null ? Lengths.SHAREGPT_ANSWERS : Lengths.fixed(answer);
  }

  Workload draw(long seed) {
    require(requests >= 1 && requests <= 1_000_000, "--requests", requests);
    require(clients >= 1 && clients <= 10_000, "--clients", clients);
    require(tenants >= 1 && tenants <= 10_000, "--tenants", tenants);
    require(zipf >= 0 && zipf <= 10, "--zipf", zipf);
    require(rate == null || rate > 0, "--rate", String.valueOf(rate));
    require(
        !system.isEmpty()
            && system.size() <= 2
            && system.getFirst() >= 1
            && system.getLast() >= system.getFirst(),
        "--system",
        system);
    require(prompt == null || prompt >= 1, "--prompt", String.valueOf(prompt));
    require(answer == null || answer >= 1, "--answer", String.valueOf(answer));
    return Workload.draw(
        new Workload.Shape(
            tenants,
            zipf,
            system.getFirst(),
            system.getLast(),
            prompts(),
            answers(),
            requests,
            rate == null ? 0 : rate),
        seed);
  }

  private static void require(boolean holds, String option, Object found) {
    if (!holds) {
      throw new IllegalArgumentException(
          "%s can not be %s; see 'baton bench serve --help'".formatted(option, found));
    }
  }

  void describe(RunHeader header) {
    header.put(
        "arrivals",
        rate == null ? clients + " clients in a closed loop" : "Poisson, " + rate + " a second");
    header.put("tenants", tenants);
    header.put("zipf", zipf);
    header.put("systemTokens", system.getFirst() + "-" + system.getLast());
    header.put("messageTokens", prompt == null ? "ShareGPT" : String.valueOf(prompt));
    header.put("answerTokens", answer == null ? "ShareGPT" : String.valueOf(answer));
  }
}
