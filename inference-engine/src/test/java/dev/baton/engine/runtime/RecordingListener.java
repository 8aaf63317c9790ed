package dev.baton.engine.runtime;

import dev.baton.engine.EngineException;
import dev.baton.engine.FinishReason;
import dev.baton.engine.GenerationEvent;
import dev.baton.engine.GenerationListener;
import dev.baton.engine.TokenUsage;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a request's events and insists on their order: {@code Started? Token* (Finished|Failed)}.
 */
final class RecordingListener implements GenerationListener {
  private final List<Integer> ids = new ArrayList<>();
  private final List<GenerationEvent.GeneratedToken> tokens = new ArrayList<>();
  private final StringBuilder text = new StringBuilder();
  private final CountDownLatch end = new CountDownLatch(1);
  private GenerationEvent.@Nullable Started started;
  private @Nullable GenerationEvent last;

  @Override
  public synchronized void onEvent(GenerationEvent event) {
    if (last != null) {
      throw new AssertionError(event + " after the last event " + last);
    }
    switch (event) {
      case GenerationEvent.Started start -> {
        if (started != null || !ids.isEmpty()) {
          throw new AssertionError("started twice or late");
        }
        started = start;
      }
      case GenerationEvent.Token token -> {
        if (started == null) {
          throw new AssertionError("a token before the start");
        }
        ids.add(token.token().id());
        tokens.add(token.token());
        text.append(token.text());
      }
      case GenerationEvent.Finished finished -> {
        text.append(finished.text());
        ended(finished);
      }
      case GenerationEvent.Failed failed -> ended(failed);
    }
  }

  private void ended(GenerationEvent event) {
    last = event;
    end.countDown();
  }

  void await() throws InterruptedException {
    end.await();
  }

  synchronized boolean ended() {
    return last != null;
  }

  synchronized List<Integer> ids() {
    return List.copyOf(ids);
  }

  synchronized List<GenerationEvent.GeneratedToken> tokens() {
    return List.copyOf(tokens);
  }

  synchronized String text() {
    return text.toString();
  }

  synchronized boolean started() {
    return started != null;
  }

  synchronized int cachedTokens() {
    return started == null ? -1 : started.cachedTokens();
  }

  synchronized FinishReason reason() {
    if (last instanceof GenerationEvent.Finished finished) {
      return finished.reason();
    }
    throw new AssertionError("not finished, but " + last, failure());
  }

  private @Nullable Throwable failure() {
    return last instanceof GenerationEvent.Failed failed ? failed.error() : null;
  }

  synchronized boolean failed() {
    return last instanceof GenerationEvent.Failed;
  }

  synchronized EngineException error() {
    if (last instanceof GenerationEvent.Failed failed) {
      return failed.error();
    }
    throw new AssertionError("not failed, but " + last);
  }

  synchronized TokenUsage usage() {
    if (last == null) {
      throw new AssertionError("has not ended");
    }
    return switch (last) {
      case GenerationEvent.Finished finished -> finished.usage();
      case GenerationEvent.Failed failed -> failed.usage();
      case GenerationEvent.Started start -> throw new AssertionError();
      case GenerationEvent.Token token -> throw new AssertionError();
    };
  }
}
