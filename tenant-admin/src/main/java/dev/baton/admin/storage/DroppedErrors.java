package dev.baton.admin.storage;

import io.lettuce.core.RedisException;
import jakarta.annotation.PreDestroy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.stereotype.Component;
import reactor.core.Exceptions;
import reactor.core.publisher.Hooks;

/**
 * Where errors go that nobody waits for. Spring's listener to Redis channels unsubscribes without
 * looking at the outcome; while Redis is away that fails, and Reactor would print a stack trace of
 * it at each stop. What the store could not do for nobody is no news; everything else is a defect.
 */
@Component
final class DroppedErrors {
  private static final Logger log = LoggerFactory.getLogger(DroppedErrors.class);

  DroppedErrors() {
    Hooks.onErrorDropped(DroppedErrors::report);
  }

  private static void report(Throwable dropped) {
    Throwable cause =
        Exceptions.isErrorCallbackNotImplemented(dropped) && dropped.getCause() != null
            ? dropped.getCause()
            : dropped;
    if (cause instanceof DataAccessException || cause instanceof RedisException) {
      log.debug("the store failed for nobody: {}", cause.getMessage());
    } else {
      log.error("an error that nobody waits for", cause);
    }
  }

  @PreDestroy
  void reset() {
    Hooks.resetOnErrorDropped();
  }
}
