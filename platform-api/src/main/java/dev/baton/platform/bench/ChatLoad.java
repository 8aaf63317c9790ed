package dev.baton.platform.bench;

import dev.baton.platform.bench.Workload.Request;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Sends a workload's chats as streams and notes when their pieces arrive. */
final class ChatLoad {
  private static final Duration ANSWER_LIMIT = Duration.ofMinutes(10);

  private final JsonMapper json = JsonMapper.shared();
  private final List<ChatTarget> targets; // [tenant]
  private final Words words;
  private final long seed;
  private final Consumer<Answer> progress;

  /**
   * @param seed of the messages' texts
   * @param progress told of every answer, from any thread
   */
  ChatLoad(List<ChatTarget> targets, Words words, long seed, Consumer<Answer> progress) {
    this.targets = List.copyOf(targets);
    this.words = words;
    this.seed = seed;
    this.progress = progress;
  }

  /**
   * Closed loop: each client sends its next request when the last one is answered. Answers are in
   * the requests' order.
   */
  List<Answer> closed(List<Request> requests, int clients) {
    Semaphore free = new Semaphore(clients);
    return run(
        requests,
        (request, start) -> {
          free.acquire();
          try {
            return exchange(request, start, seconds(start));
          } finally {
            free.release();
          }
        });
  }

  /** Open arrivals: each request is sent when it is due, whatever became of those before. */
  List<Answer> open(List<Request> requests) {
    return run(
        requests,
        (request, start) -> {
          long due = start + (long) (request.arrivalSeconds() * 1e9);
          for (long left; (left = due - System.nanoTime()) > 0; ) {
            LockSupport.parkNanos(left);
          }
          return exchange(request, start, request.arrivalSeconds());
        });
  }

  private interface Exchange {
    Answer of(Request request, long startNanos) throws InterruptedException;
  }

  private List<Answer> run(List<Request> requests, Exchange exchange) {
    try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      long start = System.nanoTime();
      List<Future<Answer>> running = new ArrayList<>();
      for (Request request : requests) {
        Callable<Answer> call =
            () -> {
              Answer answer = exchange.of(request, start);
              progress.accept(answer);
              return answer;
            };
        running.add(clients.submit(call));
      }
      List<Answer> answers = new ArrayList<>();
      for (Future<Answer> answer : running) {
        answers.add(answer.get());
      }
      return answers;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("the load was interrupted", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException("a client of the load failed", e.getCause());
    }
  }

  private static double seconds(long start) {
    return (System.nanoTime() - start) / 1e9;
  }

  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(10))
          .build();

  private Answer exchange(Request request, long start, double arrival) throws InterruptedException {
    Reading reading = new Reading(start);
    String error = null;
    try {
      HttpResponse<InputStream> response =
          http.send(httpRequest(request), HttpResponse.BodyHandlers.ofInputStream());
      try (BufferedReader lines =
          new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
        if (response.statusCode() != 200) {
          error = "status " + response.statusCode();
        } else {
          error = read(lines, reading);
        }
      }
    } catch (IOException e) {
      error = String.valueOf(e.getMessage());
    }
    return reading.answer(request.tenant(), arrival, error);
  }

  private HttpRequest httpRequest(Request request) {
    ChatTarget target = targets.get(request.tenant());
    List<Map<String, String>> messages = new ArrayList<>();
    if (target.systemPrompt() != null) {
      messages.add(Map.of("role", "system", "content", target.systemPrompt()));
    }
    String text = words.text(request.promptTokens(), seed * 1_000_003 + request.number());
    messages.add(Map.of("role", "user", "content", text));
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("model", "default");
    body.put("stream", true);
    body.put("stream_options", Map.of("include_usage", true));
    body.put("max_tokens", request.answerTokens());
    body.put("temperature", 0);
    body.put("ignore_eos", true); // llama.cpp's; others ignore what they do not know
    body.put("messages", messages);
    HttpRequest.Builder builder =
        HttpRequest.newBuilder(target.url().resolve("/v1/chat/completions"))
            .timeout(ANSWER_LIMIT)
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(json.writeValueAsString(body)));
    if (target.key() != null) {
      builder.header("Authorization", "Bearer " + target.key());
    }
    return builder.build();
  }

  /** Reads the events of a stream; returns what went wrong, or null. */
  private @Nullable String read(BufferedReader lines, Reading reading) throws IOException {
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      if (!line.startsWith("data:")) {
        continue;
      }
      String data = line.substring("data:".length()).strip();
      if (data.equals("[DONE]")) {
        return null;
      }
      JsonNode chunk = json.readTree(data);
      if (chunk.has("error")) {
        return "error event: " + chunk.path("error").path("code").asString("no code");
      }
      reading.chunk(chunk);
    }
    return "the stream ended without [DONE]";
  }

  /** Times and counts of a stream while it is read. */
  private static final class Reading {
    private final long start;
    private final List<Double> gaps = new ArrayList<>();
    private double first = Double.NaN;
    private double last = Double.NaN;
    private int promptTokens;
    private int cachedTokens;
    private int completionTokens;

    Reading(long start) {
      this.start = start;
    }

    void chunk(JsonNode chunk) {
      String text = chunk.path("choices").path(0).path("delta").path("content").asString("");
      if (!text.isEmpty()) {
        double now = seconds(start);
        if (Double.isNaN(first)) {
          first = now;
        } else {
          gaps.add(now - last);
        }
        last = now;
      }
      JsonNode usage = chunk.path("usage");
      if (usage.isObject()) {
        promptTokens = usage.path("prompt_tokens").asInt(0);
        completionTokens = usage.path("completion_tokens").asInt(0);
        cachedTokens = usage.path("prompt_tokens_details").path("cached_tokens").asInt(0);
      }
    }

    Answer answer(int tenant, double arrival, @Nullable String error) {
      double[] between = gaps.stream().mapToDouble(Double::doubleValue).toArray();
      double end = Double.isNaN(last) ? seconds(start) : last;
      return new Answer(
          tenant,
          arrival,
          first,
          end,
          between,
          promptTokens,
          cachedTokens,
          completionTokens,
          error);
    }
  }
}
