package dev.baton.engine.bench;

import dev.baton.engine.cli.JsonText;
import dev.baton.engine.cli.Terminal;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** llama.cpp's own benchmarks, each with and without flash attention. */
final class PeerRuns {
  private static final int GENERATED = 32;
  private static final List<String> FLASH_ATTENTION = List.of("on", "off");

  private final PeerOptions peer;
  private final int threads;

  PeerRuns(PeerOptions peer, int threads) {
    this.peer = peer;
    this.threads = threads;
  }

  /** Tokens a second, and with which attention. */
  record Result(double tokensPerSecond, String flashAttention) {}

  /** The better one of decode with B sequences that share the cells of one prompt of S tokens. */
  Result decode(Path model, int systemTokens, int batch) {
    int prompt = Math.max(1, systemTokens);
    Result best = new Result(0, "");
    for (String flash : FLASH_ATTENTION) {
      List<Map<?, ?>> lines =
          run(
              "llama-batched-bench",
              List.of(
                  "-m",
                  model.toString(),
                  "-c",
                  text(prompt + batch * (GENERATED + 8)),
                  "-b",
                  "2048",
                  "-ub",
                  "512",
                  "-npp",
                  text(prompt),
                  "-ntg",
                  text(GENERATED),
                  "-npl",
                  text(batch),
                  "-pps",
                  "-kvu",
                  "-t",
                  text(threads),
                  "-tb",
                  text(threads),
                  "-fa",
                  flash,
                  "--output-format",
                  "jsonl"));
      best = better(best, number(lines.getLast(), "speed_tg"), flash);
    }
    return best;
  }

  /** The better one of the prefill of one prompt. */
  Result prefill(Path model, int promptTokens, int repetitions) {
    Result best = new Result(0, "");
    for (String flash : FLASH_ATTENTION) {
      List<Map<?, ?>> lines =
          run(
              "llama-bench",
              List.of(
                  "-m",
                  model.toString(),
                  "-p",
                  text(promptTokens),
                  "-n",
                  "0",
                  "-t",
                  text(threads),
                  "-r",
                  text(repetitions),
                  "-fa",
                  flash.equals("on") ? "1" : "0",
                  "-o",
                  "jsonl"));
      best = better(best, number(lines.getLast(), "avg_ts"), flash);
    }
    return best;
  }

  private static Result better(Result best, double tokensPerSecond, String flash) {
    return tokensPerSecond > best.tokensPerSecond() ? new Result(tokensPerSecond, flash) : best;
  }

  private static String text(int number) {
    return String.valueOf(number);
  }

  private static double number(Map<?, ?> line, String key) {
    if (line.get(key) instanceof Number number) {
      return number.doubleValue();
    }
    throw new Terminal.Failure("the peer's output has no " + key);
  }

  /** The JSON objects, one a line, that a program prints among other things. */
  private List<Map<?, ?>> run(String program, List<String> arguments) {
    ProcessBuilder command = peer.command(program, arguments);
    command.redirectError(ProcessBuilder.Redirect.DISCARD);
    try {
      Process process = command.start();
      process.getOutputStream().close();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      int code = process.waitFor();
      List<Map<?, ?>> lines = new ArrayList<>();
      for (String line : output.lines().filter(l -> l.startsWith("{")).toList()) {
        if (JsonText.read(program, line) instanceof Map<?, ?> map) {
          lines.add(map);
        }
      }
      if (code != 0 || lines.isEmpty()) {
        throw new Terminal.Failure(
            "%s ended with exit code %d and %d results; try it by hand: %s"
                .formatted(program, code, lines.size(), String.join(" ", command.command())));
      }
      return lines;
    } catch (IOException e) {
      throw new Terminal.Failure("%s does not start: %s".formatted(program, e.getMessage()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Terminal.Failure(program + " was interrupted");
    }
  }
}
