package dev.baton.engine.backend;

/** The device can not compute any more in this process; only a restart helps. */
public final class DeviceLostException extends RuntimeException {
  public DeviceLostException(String message, Throwable cause) {
    super(message, cause);
  }
}
