package dev.baton.engine.backend.cuda;

import dev.baton.cuda.DeviceArena;
import dev.baton.cuda.DeviceBuffer;
import dev.baton.cuda.RowKernels.HeadWeights;
import dev.baton.cuda.RowKernels.Rotary;
import dev.baton.cuda.WeightMatrix;
import dev.baton.engine.model.ModelConfig;
import dev.baton.engine.model.ModelWeights;
import dev.baton.engine.model.RopeTables;
import dev.baton.engine.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A model's weights in device memory, all from one allocation. */
record DeviceWeights(
    WeightMatrix embedding,
    List<Layer> layers,
    DeviceBuffer outputNorm,
    WeightMatrix output,
    Rotary rotary) {
  DeviceWeights {
    layers = List.copyOf(layers);
  }

  record Layer(
      DeviceBuffer attentionNorm,
      WeightMatrix query,
      WeightMatrix key,
      WeightMatrix value,
      HeadWeights heads,
      WeightMatrix attentionOutput,
      @Nullable DeviceBuffer attentionOutputBias,
      DeviceBuffer ffnNorm,
      WeightMatrix gate,
      WeightMatrix up,
      WeightMatrix down) {}

  static DeviceWeights upload(ModelWeights weights, RopeTables rope, WeightUpload upload) {
    WeightMatrix embedding = upload.matrix(weights.embedding());
    List<Layer> layers = new ArrayList<>();
    for (ModelWeights.Layer layer : weights.layers()) {
      layers.add(
          new Layer(
              upload.vector(layer.attentionNorm()),
              upload.matrix(layer.query()),
              upload.matrix(layer.key()),
              upload.matrix(layer.value()),
              new HeadWeights(
                  vector(upload, layer.qkvBias()),
                  vector(upload, layer.queryNorm()),
                  vector(upload, layer.keyNorm())),
              upload.matrix(layer.attentionOutput()),
              vector(upload, layer.attentionOutputBias()),
              upload.vector(layer.ffnNorm()),
              upload.matrix(layer.gate()),
              upload.matrix(layer.up()),
              upload.matrix(layer.down())));
    }
    return new DeviceWeights(
        embedding,
        layers,
        upload.vector(weights.outputNorm()),
        tied(weights) ? embedding : upload.matrix(weights.output()),
        new Rotary(upload.vector(rope.cosines()), upload.vector(rope.sines())));
  }

  private static @Nullable DeviceBuffer vector(WeightUpload upload, float @Nullable [] values) {
    return values == null ? null : upload.vector(values);
  }

  private static boolean tied(ModelWeights weights) {
    return weights.output().name().equals(weights.embedding().name());
  }

  /** All matrices, each once. */
  static List<Tensor> matrices(ModelWeights weights) {
    List<Tensor> all = new ArrayList<>(List.of(weights.embedding()));
    for (ModelWeights.Layer layer : weights.layers()) {
      all.addAll(
          List.of(
              layer.query(),
              layer.key(),
              layer.value(),
              layer.attentionOutput(),
              layer.gate(),
              layer.up(),
              layer.down()));
    }
    if (!tied(weights)) {
      all.add(weights.output());
    }
    return all;
  }

  /** Device memory for all of it, rotary tables of so many positions included. */
  static long deviceBytes(ModelWeights weights, ModelConfig config, int positions) {
    long bytes = 0;
    for (Tensor matrix : matrices(weights)) {
      bytes += DeviceArena.aligned(WeightUpload.deviceBytes(matrix));
    }
    bytes += 2 * vectorBytes((long) positions * config.headDim() / 2);
    long layer =
        2 * vectorBytes(config.modelDim())
            + vectorBytes(config.queryDim() + 2L * config.kvDim())
            + 2 * vectorBytes(config.headDim())
            + vectorBytes(config.modelDim());
    return bytes + layer * config.layerCount() + vectorBytes(config.modelDim());
  }

  private static long vectorBytes(long length) {
    return DeviceArena.aligned(length * Float.BYTES);
  }
}
