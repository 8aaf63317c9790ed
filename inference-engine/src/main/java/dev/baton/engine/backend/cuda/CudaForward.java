package dev.baton.engine.backend.cuda;

import dev.baton.cuda.CudaKernels;
import dev.baton.cuda.CudaStream;
import dev.baton.cuda.DeviceBuffer;
import dev.baton.cuda.RelayKernels;
import dev.baton.cuda.RowKernels;
import dev.baton.cuda.RowKernels.Heads;
import dev.baton.cuda.WeightMatrix;
import dev.baton.engine.model.ModelConfig;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The transformer as launches on one stream: embedding, layers of attention and feed-forward, norm,
 * logits. How many rows a step has, where their keys and values go and what attends to what the
 * kernels read from {@link StepLayout.OnDevice}, so that the same launches serve every step of a
 * size.
 */
final class CudaForward {
  private final ModelConfig config;
  private final CudaLimits limits;
  private final CudaStream stream;
  private final RowKernels rowKernels;
  private final RelayKernels relayKernels;
  private final Products products;
  private final DeviceWeights weights;
  private final Activations buffers;
  private final StepLayout.OnDevice step;
  private final Heads heads;
  private final DeviceBuffer kv; // [block][layer][kvHead][keys, values][blockTokens][headDim] f16
  private final long layerBytes; // of one block

  CudaForward(
      ModelConfig config,
      CudaLimits limits,
      CudaStream stream,
      CudaKernels kernels,
      DeviceWeights weights,
      Activations buffers,
      StepLayout.OnDevice step,
      Heads heads,
      DeviceBuffer kv) {
    this.config = config;
    this.limits = limits;
    this.stream = stream;
    this.weights = weights;
    this.buffers = buffers;
    this.step = step;
    this.heads = heads;
    this.kv = kv;
    rowKernels = kernels.rows();
    relayKernels = kernels.relay();
    products = new Products(stream, kernels, buffers.linear(), buffers.gemm());
    layerBytes = heads.blockStride() / config.layerCount() * Short.BYTES;
  }

  /**
   * Launches a step.
   *
   * @param rows tokens to launch for, as many as the step has or more
   * @param logitRows of them with logits, likewise; 0 launches none
   */
  void launch(int rows, int logitRows) {
    rowKernels.embed(
        stream, weights.embedding(), step.tokenIds, buffers.hidden(), step.rowCount, rows);
    List<DeviceWeights.Layer> layers = weights.layers();
    for (int i = 0; i < layers.size(); i++) {
      attention(layers.get(i), kv.slice(i * layerBytes, kv.sizeBytes() - i * layerBytes), rows);
      feedForward(layers.get(i), rows);
    }
    if (logitRows > 0) {
      logits(logitRows);
    }
  }

  /** {@code hidden += attention(norm(hidden))}; writes the rows' keys and values. */
  private void attention(DeviceWeights.Layer layer, DeviceBuffer layerKv, int rows) {
    int queryDim = config.queryDim();
    int kvDim = config.kvDim();
    int qkvDim = queryDim + 2 * kvDim;
    norm(layer.attentionNorm(), null, step.rowCount, rows);
    multiply(layer.query(), buffers.normed(), buffers.qkv(), 0, qkvDim, rows);
    multiply(layer.key(), buffers.normed(), buffers.qkv(), queryDim, qkvDim, rows);
    multiply(layer.value(), buffers.normed(), buffers.qkv(), queryDim + kvDim, qkvDim, rows);
    rowKernels.placeQkv(
        stream,
        buffers.qkv(),
        layer.heads(),
        weights.rotary(),
        step.rowPositions,
        step.rowSlots,
        buffers.queries(),
        layerKv,
        step.rowCount,
        rows,
        heads,
        config.rmsEpsilon());
    relayKernels.attend(
        stream, buffers.queries(), layerKv, buffers.attended(), step.plan, buffers.relay());
    add(layer.attentionOutput(), buffers.attended(), layer.attentionOutputBias(), rows);
  }

  /** {@code hidden += down(swiglu(gate, up)(norm(hidden)))}. */
  private void feedForward(DeviceWeights.Layer layer, int rows) {
    int ffnDim = config.ffnDim();
    norm(layer.ffnNorm(), null, step.rowCount, rows);
    multiply(layer.gate(), buffers.normed(), buffers.gateUp(), 0, 2 * ffnDim, rows);
    multiply(layer.up(), buffers.normed(), buffers.gateUp(), ffnDim, 2 * ffnDim, rows);
    rowKernels.swiglu(stream, buffers.gateUp(), buffers.activated(), step.rowCount, rows, ffnDim);
    add(layer.down(), buffers.activated(), null, rows);
  }

  private void logits(int logitRows) {
    norm(weights.outputNorm(), step.logitGather, step.logitCount, logitRows);
    products.multiply(
        weights.output(),
        buffers.normed(),
        null,
        buffers.logits(),
        0,
        config.vocabSize(),
        new Products.Rows(logitRows, limits.maxLogitRows(), step.logitCount, step::logitChunk),
        false);
  }

  private void norm(
      DeviceBuffer weight, @Nullable DeviceBuffer gather, DeviceBuffer rowCount, int rows) {
    rowKernels.rmsNorm(
        stream,
        buffers.hidden(),
        weight,
        buffers.normed(),
        gather,
        rowCount,
        rows,
        config.modelDim(),
        config.rmsEpsilon());
  }

  /** Columns {@code [column, column + outputs)} of y, whose rows are {@code stride} long. */
  private void multiply(
      WeightMatrix weight, DeviceBuffer x, DeviceBuffer y, int column, int stride, int rows) {
    products.multiply(weight, x, null, y, column, stride, rows(rows), false);
  }

  /** Adds to the residual stream. */
  private void add(WeightMatrix weight, DeviceBuffer x, @Nullable DeviceBuffer bias, int rows) {
    products.multiply(weight, x, bias, buffers.hidden(), 0, config.modelDim(), rows(rows), true);
  }

  private Products.Rows rows(int rows) {
    return new Products.Rows(rows, limits.maxRows(), step.rowCount, step::rowChunk);
  }
}
