package dev.baton.cuda;

import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Where the parts of the GPU side are found; null takes the usual place.
 *
 * @param device ordinal of the GPU, as {@code nvidia-smi} counts those that this process sees
 * @param driver the driver's library, {@code libcuda.so.1}, where it is not on the loader's path
 * @param kernels a folder with the kernels of another build, or one module file
 * @param cublas a folder with {@code libcublasLt.so.13} or {@code .12}
 */
public record CudaSettings(
    int device, @Nullable Path driver, @Nullable Path kernels, @Nullable Path cublas) {
  public static final CudaSettings DEFAULTS = new CudaSettings(0, null, null, null);

  public CudaSettings {
    if (device < 0) {
      throw new IllegalArgumentException("a GPU's ordinal is 0 or more, found " + device);
    }
  }

  /** From the system properties {@code baton.cuda.device|driver|kernels|cublas}. */
  public static CudaSettings fromProperties() {
    Integer device = Integer.getInteger("baton.cuda.device");
    return new CudaSettings(
        Objects.requireNonNullElse(device, 0),
        path("baton.cuda.driver"),
        path("baton.cuda.kernels"),
        path("baton.cuda.cublas"));
  }

  private static @Nullable Path path(String property) {
    String value = System.getProperty(property, "");
    return value.isBlank() ? null : Path.of(value);
  }
}
