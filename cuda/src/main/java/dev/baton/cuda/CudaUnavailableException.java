package dev.baton.cuda;

/** No GPU can be used; the message names the cause and what would help. */
public final class CudaUnavailableException extends RuntimeException {
  CudaUnavailableException(String reason) {
    super(reason);
  }
}
