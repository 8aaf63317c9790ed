package dev.baton.engine.backend.cpu;

import dev.baton.engine.model.ModelWeights;
import dev.baton.engine.tensor.Tensor;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Makes the linear layers of a model with the kernels chosen: where the file lies mapped for the
 * Vector API, laid out anew for native kernels, which takes seconds for gigabytes and says so.
 */
final class LayerLoading {
  private static final Logger LOG = System.getLogger(LayerLoading.class.getName());

  /** Nanoseconds between two lines about the progress. */
  private static final long REPORT_NANOS = 2_000_000_000L;

  private final ComputePool pool;
  private final Arena arena;
  private final KernelSet set;
  private final @Nullable NativeKernels kernels;
  private final long totalBytes;
  private final long begun = System.nanoTime();
  private long reported = begun;
  private long doneBytes;

  LayerLoading(KernelSet set, ComputePool pool, Arena arena, ModelWeights weights) {
    this.set = set;
    this.pool = pool;
    this.arena = arena;
    kernels = set.isNative() ? new NativeKernels(set, arena) : null;
    long bytes = weights.output().data().byteSize();
    for (ModelWeights.Layer layer : weights.layers()) {
      for (Tensor weight :
          List.of(
              layer.query(),
              layer.key(),
              layer.value(),
              layer.attentionOutput(),
              layer.gate(),
              layer.up(),
              layer.down())) {
        bytes += weight.data().byteSize();
      }
    }
    totalBytes = bytes;
  }

  /** The layer of one matrix, or of several with the same inputs side by side. */
  Linear linear(Tensor... weights) {
    if (kernels == null) {
      return VectorLinear.concatenated(List.of(weights));
    }
    Linear linear = new NativeLinear(kernels, pool, arena, List.of(weights));
    for (Tensor weight : weights) {
      doneBytes += weight.data().byteSize();
    }
    long now = System.nanoTime();
    if (now - reported > REPORT_NANOS) {
      reported = now;
      LOG.log(
          Level.INFO,
          () -> "weights laid out: %d of %d MiB".formatted(doneBytes >> 20, totalBytes >> 20));
    }
    return linear;
  }

  /** Says how long it took. */
  void finish() {
    if (kernels != null) {
      LOG.log(
          Level.INFO,
          () ->
              "weights laid out for %s: %d MiB in %.1f s"
                  .formatted(set.title(), totalBytes >> 20, (System.nanoTime() - begun) / 1e9));
    }
  }
}
