package dev.baton.platform.bench;

import dev.baton.engine.bench.PeerOptions;
import dev.baton.engine.cli.Terminal;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import tools.jackson.databind.json.JsonMapper;

/** llama-server on the same file with as many slots as clients. */
final class PeerServer implements AutoCloseable {
  private static final Duration START_LIMIT = Duration.ofMinutes(2);
  private static final long POLL_NANOS = Duration.ofMillis(200).toNanos();
  private static final int SAMPLE_WORDS = 400;

  private final Process process;
  private final URI url;
  private final HttpClient http = HttpClient.newHttpClient();

  private PeerServer(Process process, URI url) {
    this.process = process;
    this.url = url;
  }

  /**
   * @param longest tokens of the longest chat: each slot has room for it
   */
  static PeerServer start(PeerOptions peer, Path model, int threads, int slots, int longest) {
    int port = freePort();
    ProcessBuilder command =
        peer.command(
            "llama-server",
            List.of(
                "-m",
                model.toString(),
                "-np",
                String.valueOf(slots),
                "-c",
                String.valueOf(slots * longest),
                "-t",
                String.valueOf(threads),
                "-tb",
                String.valueOf(threads),
                "-no-kvu",
                "--host",
                "127.0.0.1",
                "--port",
                String.valueOf(port)));
    command.redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD);
    try {
      PeerServer server = new PeerServer(command.start(), URI.create("http://127.0.0.1:" + port));
      server.awaitReady();
      return server;
    } catch (IOException e) {
      throw new Terminal.Failure("llama-server does not start: " + e.getMessage());
    }
  }

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new Terminal.Failure("no free port: " + e.getMessage());
    }
  }

  private void awaitReady() {
    long deadline = System.nanoTime() + START_LIMIT.toNanos();
    while (status("/health", "") != 200) {
      if (!process.isAlive() || System.nanoTime() > deadline) {
        close();
        throw new Terminal.Failure(
            "llama-server is not ready (%s); try it by hand"
                .formatted(process.isAlive() ? "too slow" : "exit code " + process.exitValue()));
      }
      LockSupport.parkNanos(POLL_NANOS);
    }
  }

  private int status(String path, String body) {
    try {
      return send(path, body).statusCode();
    } catch (IOException e) {
      return 0; // not listening yet
    }
  }

  private HttpResponse<String> send(String path, String body) throws IOException {
    HttpRequest.Builder request = HttpRequest.newBuilder(url.resolve(path));
    if (!body.isEmpty()) {
      request
          .POST(HttpRequest.BodyPublishers.ofString(body))
          .header("Content-Type", "application/json");
    }
    try {
      return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  /** Each tenant's prompt travels with its requests: this server has no tenants. */
  LoadTenants tenants(Workload workload, long seed) {
    int few = tokens(Words.words(SAMPLE_WORDS / 2, 1));
    int many = tokens(Words.words(SAMPLE_WORDS + SAMPLE_WORDS / 2, 1));
    Words words = new Words((double) (many - few) / SAMPLE_WORDS);
    List<ChatTarget> targets = new ArrayList<>();
    for (int i = 0; i < workload.systemTokens().size(); i++) {
      targets.add(new ChatTarget(url, null, words.text(workload.systemTokens().get(i), seed + i)));
    }
    return new LoadTenants(targets, words);
  }

  private int tokens(String text) {
    try {
      String answer = send("/tokenize", "{\"content\":\"" + text + "\"}").body();
      return JsonMapper.shared().readTree(answer).path("tokens").size();
    } catch (IOException e) {
      throw new Terminal.Failure("llama-server does not tokenize: " + e.getMessage());
    }
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    http.close();
  }
}
