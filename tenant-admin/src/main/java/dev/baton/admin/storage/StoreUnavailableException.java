package dev.baton.admin.storage;

import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataAccessResourceFailureException;

/** The store does not answer, or can not promise to keep what it is given: a 503, worth a retry. */
public final class StoreUnavailableException extends DataAccessResourceFailureException {
  private static final long serialVersionUID = 1;

  public StoreUnavailableException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
