package dev.baton.cuda;

/**
 * A call of the driver failed. The message names the call, CUDA's error and what would help.
 *
 * <p>After a {@link #sticky()} error the device's context is lost: every further call fails, and
 * only a new process can use the GPU again.
 */
public final class CudaException extends RuntimeException {
  static final int OUT_OF_MEMORY = 2;
  static final int NOT_READY = 600;
  private static final int UNKNOWN = 999;

  private final int code;

  CudaException(int code, String message) {
    super(message);
    this.code = code;
  }

  /** Of a library over the driver; what it did to the context the next wait tells. */
  static CudaException ofLibrary(String message) {
    return new CudaException(UNKNOWN, message);
  }

  /** CUDA's number of the error, {@code CUresult}. */
  public int code() {
    return code;
  }

  public boolean outOfMemory() {
    return code == OUT_OF_MEMORY;
  }

  /** Whether the context is lost. */
  public boolean sticky() {
    return isSticky(code);
  }

  /** ECC error, illegal address, launch timeout, assertion, and the faults 714 to 719. */
  static boolean isSticky(int code) {
    return code == 214 || code == 700 || code == 702 || code == 710 || (code >= 714 && code <= 719);
  }
}
