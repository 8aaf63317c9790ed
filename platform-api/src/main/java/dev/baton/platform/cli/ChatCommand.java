package dev.baton.platform.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code baton chat}: a conversation in the terminal with a running platform. */
@Command(
    name = "chat",
    description = "Talks to a tenant's assistant on a running platform, streaming.",
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    footer = {
      "",
      "Ctrl-D ends it. /new begins a new conversation.",
      "Environment: BATON_API_KEY, BATON_ADMIN_TOKEN."
    })
final class ChatCommand implements Callable<Integer> {
  @Option(
      names = "--tenant",
      paramLabel = "NAME",
      description = "The tenant, by name; a key for an hour is issued with the admin token.")
  private @Nullable String tenant;

  @Option(
      names = "--key",
      paramLabel = "KEY",
      description = "An API key of the tenant, in place of --tenant.",
      defaultValue = "${env:BATON_API_KEY}")
  private @Nullable String key;

  @Option(names = "--url", description = "Where the platform is.")
  private URI url = URI.create("http://127.0.0.1:8080");

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description = "The platform's data directory, for its admin token.")
  private Path data = Path.of("./data");

  @Option(names = "--max-tokens", paramLabel = "N", description = "Length of an answer at most.")
  private int maxTokens = 400;

  @Option(
      names = "--temperature",
      paramLabel = "T",
      description = "0 always takes the likeliest token.")
  private double temperature = 0.7;

  @Override
  public Integer call() throws InterruptedException {
    try (BatonClient client = new BatonClient(url)) {
      String apiKey = apiKey(client);
      if (apiKey == null) {
        System.err.println("baton: name a tenant with --tenant, or give its key with --key.");
        return 2;
      }
      converse(client, apiKey);
      return 0;
    } catch (IOException e) {
      System.err.println("baton: " + e.getMessage());
      return 1;
    }
  }

  private @Nullable String apiKey(BatonClient client) throws IOException, InterruptedException {
    if (key != null && !key.isBlank()) {
      return key;
    }
    return tenant == null ? null : client.issueKey(tenant, BatonClient.adminToken(data));
  }

  private void converse(BatonClient client, String apiKey)
      throws IOException, InterruptedException {
    BufferedReader input =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    boolean terminal = System.console() != null && System.console().isTerminal();
    List<BatonClient.Turn> turns = new ArrayList<>();
    while (true) {
      if (terminal) {
        System.out.print("you> ");
        System.out.flush();
      }
      String line = input.readLine();
      if (line == null) {
        return;
      }
      if (line.isBlank()) {
        continue;
      }
      if (line.strip().equals("/new")) {
        turns.clear();
        continue;
      }
      turns.add(new BatonClient.Turn("user", line));
      try {
        String answer = client.answer(apiKey, turns, maxTokens, temperature, ChatCommand::show);
        turns.add(new BatonClient.Turn("assistant", answer));
        System.out.println();
      } catch (BatonClient.Refused e) {
        System.out.println();
        System.err.println("baton: " + e.getMessage());
        turns.removeLast();
        if (e.isFinal()) {
          throw e;
        }
      }
    }
  }

  private static void show(String text) {
    System.out.print(text);
    System.out.flush();
  }
}
