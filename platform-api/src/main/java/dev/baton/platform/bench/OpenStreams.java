package dev.baton.platform.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/** Many streams that stay open, each with a reader that waits for its next token. */
final class OpenStreams implements AutoCloseable {
  private static final Duration OPENING_LIMIT = Duration.ofMinutes(2);

  /**
   * Connections under way to the listener at a time, so that its backlog is not what is measured.
   */
  private static final int OPENING = 64;

  private static final String BODY =
      """
      {"model":"default","stream":true,"max_tokens":100000,\
      "messages":[{"role":"user","content":"Tell me everything."}]}\
      """;

  private final List<ChatConnection> connections = new ArrayList<>(); // guarded by itself
  private final ExecutorService readers = Executors.newVirtualThreadPerTaskExecutor();
  private final AtomicInteger refused = new AtomicInteger();
  private final LongAdder tokens = new LongAdder();
  private volatile boolean closing;

  private OpenStreams() {}

  /** Opens them, or as many as are accepted, and returns when each has its first token. */
  static OpenStreams open(int port, List<String> keys, int count)
      throws IOException, InterruptedException {
    OpenStreams streams = new OpenStreams();
    CountDownLatch begun = new CountDownLatch(count);
    Semaphore opening = new Semaphore(OPENING);
    for (int i = 0; i < count; i++) {
      byte[] request = ChatConnection.request(keys.get(i % keys.size()), BODY);
      opening.acquire();
      streams.readers.execute(() -> streams.read(port, request, begun, opening));
    }
    if (!begun.await(OPENING_LIMIT.toSeconds(), TimeUnit.SECONDS)) {
      streams.close();
      throw new IOException("not all streams began within " + OPENING_LIMIT);
    }
    return streams;
  }

  private void read(int port, byte[] request, CountDownLatch begun, Semaphore opening) {
    boolean waiting = true;
    try {
      ChatConnection connection = new ChatConnection(port);
      synchronized (connections) {
        connections.add(connection);
      }
      boolean accepted = connection.send(request) == 200;
      while (accepted && connection.nextToken()) {
        if (waiting) {
          waiting = false;
          begun.countDown();
          opening.release();
        }
        tokens.increment();
      }
    } catch (IOException e) {
      if (!closing) {
        System.err.println("a stream broke: " + e.getMessage());
      }
    }
    if (!closing) {
      refused.incrementAndGet();
    }
    if (waiting) {
      begun.countDown();
      opening.release();
    }
  }

  /** How many are open, and what they get while one looks. */
  Map<String, Object> alive(Duration look) throws InterruptedException {
    long before = tokens.sum();
    new CountDownLatch(1).await(look.toMillis(), TimeUnit.MILLISECONDS);
    Map<String, Object> state = new LinkedHashMap<>();
    synchronized (connections) {
      state.put("open", connections.size() - refused.get());
    }
    state.put("refusedOrBroken", refused.get());
    state.put("tokensPerSecond", Math.round((tokens.sum() - before) / (look.toMillis() / 1e3)));
    return state;
  }

  @Override
  public void close() throws IOException {
    closing = true;
    synchronized (connections) {
      for (ChatConnection connection : connections) {
        connection.close();
      }
    }
    readers.close();
  }
}
