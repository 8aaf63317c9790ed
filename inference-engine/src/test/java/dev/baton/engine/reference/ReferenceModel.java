package dev.baton.engine.reference;

import dev.baton.engine.gguf.GgufFile;
import dev.baton.engine.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A llama, qwen2 or qwen3 model, computed token by token in double precision, straight from the
 * architectures' definitions: no batching, no blocks, no relay.
 *
 * <p>Sources: Llama (arXiv:2302.13971), RMSNorm (arXiv:1910.07467), RoPE (arXiv:2104.09864), GQA
 * (arXiv:2305.13245), SwiGLU (arXiv:2002.05202), Qwen2 (arXiv:2407.10671: biases of queries, keys
 * and values), Qwen3 (arXiv:2505.09388: RMSNorm of each query and key head). GGUF stores llama's
 * query and key rows so that rotation pairs are neighbours; those of qwen are half a head apart.
 */
public final class ReferenceModel {

  /** [output features][input features], and whether stored as integers with scales. */
  private record Matrix(double[][] rows, boolean quantised) {}

  /** Weights of one layer. */
  private record Layer(
      double[] attentionNorm,
      Matrix query,
      Matrix key,
      Matrix value,
      double @Nullable [] queryBias,
      double @Nullable [] keyBias,
      double @Nullable [] valueBias,
      double @Nullable [] queryNorm,
      double @Nullable [] keyNorm,
      Matrix attentionOutput,
      double @Nullable [] attentionOutputBias,
      double[] ffnNorm,
      Matrix gate,
      Matrix up,
      Matrix down) {}

  /** What follows a prompt when always the likeliest token is taken. */
  public record Continuation(int[] ids, double[][] logits) {}

  private final boolean adjacentPairs;
  private final int headCount;
  private final int kvHeadCount;
  private final int headDim;
  private final int ropeDim;
  private final double ropeBase;
  private final double positionDivisor;
  private final double epsilon;
  private final double @Nullable [] ropeDivisors;
  private final Matrix embedding;
  private final double[] outputNorm;
  private final Matrix output;
  private final boolean words;
  private final List<Layer> layers = new ArrayList<>();

  private ReferenceModel(GgufFile file, boolean words) {
    this.words = words;
    String architecture = file.string("general.architecture");
    if (!List.of("llama", "qwen2", "qwen3").contains(architecture)) {
      throw new IllegalArgumentException("no reference for " + architecture);
    }
    String prefix = architecture + ".";
    adjacentPairs = architecture.equals("llama");
    headCount = file.integer(prefix + "attention.head_count");
    kvHeadCount = file.integer(prefix + "attention.head_count_kv", headCount);
    headDim =
        file.integer(
            prefix + "attention.key_length", file.integer(prefix + "embedding_length") / headCount);
    ropeDim = file.integer(prefix + "rope.dimension_count", headDim);
    ropeBase = file.floating(prefix + "rope.freq_base", 10000);
    epsilon = file.floating(prefix + "attention.layer_norm_rms_epsilon");
    positionDivisor =
        switch (file.string(prefix + "rope.scaling.type", "none")) {
          case "none" -> file.floating(prefix + "rope.scale_linear", 1);
          case "linear" -> file.floating(prefix + "rope.scaling.factor");
          case String other ->
              throw new IllegalArgumentException("no reference for rope scaling " + other);
        };
    ropeDivisors = vector(file, "rope_freqs.weight");
    embedding = matrix(file, "token_embd.weight");
    outputNorm = ReferenceTensor.vector(file.tensor("output_norm.weight"));
    output = file.findTensor("output.weight") == null ? embedding : matrix(file, "output.weight");
    for (int i = 0; i < file.integer(prefix + "block_count"); i++) {
      String block = "blk." + i + ".";
      layers.add(
          new Layer(
              ReferenceTensor.vector(file.tensor(block + "attn_norm.weight")),
              matrix(file, block + "attn_q.weight"),
              matrix(file, block + "attn_k.weight"),
              matrix(file, block + "attn_v.weight"),
              vector(file, block + "attn_q.bias"),
              vector(file, block + "attn_k.bias"),
              vector(file, block + "attn_v.bias"),
              vector(file, block + "attn_q_norm.weight"),
              vector(file, block + "attn_k_norm.weight"),
              matrix(file, block + "attn_output.weight"),
              vector(file, block + "attn_output.bias"),
              ReferenceTensor.vector(file.tensor(block + "ffn_norm.weight")),
              matrix(file, block + "ffn_gate.weight"),
              matrix(file, block + "ffn_up.weight"),
              matrix(file, block + "ffn_down.weight")));
    }
  }

  /** Reads all weights; the file may be closed afterwards. */
  public static ReferenceModel open(GgufFile file) {
    return new ReferenceModel(file, false);
  }

  /**
   * As {@link #open}, with the activations of quantised matrices rounded as kernels of 16-bit
   * integers do: 32 at a time, to 1/32767 of their largest magnitude.
   */
  public static ReferenceModel openWithWords(GgufFile file) {
    return new ReferenceModel(file, true);
  }

  /** Logits [T][V] after each token of a sequence that begins with these tokens. */
  public double[][] logits(int[] tokens) {
    Sequence sequence = new Sequence();
    return Arrays.stream(tokens).mapToObj(sequence::accept).toArray(double[][]::new);
  }

  /**
   * Continues a prompt greedily; of equal logits the smallest id wins.
   *
   * @return the ids, and for each the logits [V] it was taken from
   */
  public Continuation greedy(int[] prompt, int count) {
    Sequence sequence = new Sequence();
    double[] logits = new double[0];
    for (int token : prompt) {
      logits = sequence.accept(token);
    }
    int[] ids = new int[count];
    double[][] all = new double[count][];
    for (int i = 0; i < count; i++) {
      all[i] = logits;
      ids[i] = largest(logits);
      logits = i + 1 < count ? sequence.accept(ids[i]) : logits;
    }
    return new Continuation(ids, all);
  }

  private static int largest(double[] logits) {
    int best = 0;
    for (int i = 1; i < logits.length; i++) {
      best = logits[i] > logits[best] ? i : best;
    }
    return best;
  }

  /** Keys and values so far: [layer][KV head] → one vector a token. */
  private final class Sequence {
    private final List<List<List<double[]>>> keys = emptyHeads();
    private final List<List<List<double[]>>> values = emptyHeads();
    private int position;

    private List<List<List<double[]>>> emptyHeads() {
      List<List<List<double[]>>> heads = new ArrayList<>();
      for (int l = 0; l < layers.size(); l++) {
        heads.add(new ArrayList<>());
        for (int h = 0; h < kvHeadCount; h++) {
          heads.get(l).add(new ArrayList<>());
        }
      }
      return heads;
    }

    /** Appends a token and returns the logits [V] behind it. */
    double[] accept(int token) {
      double[] x = embedding.rows[token].clone();
      for (int l = 0; l < layers.size(); l++) {
        Layer layer = layers.get(l);
        double[] attention = attend(l, layer, rmsNorm(x, layer.attentionNorm));
        double[] projected = multiply(layer.attentionOutput, attention);
        x = plus(plus(x, projected), layer.attentionOutputBias);
        double[] normed = rmsNorm(x, layer.ffnNorm);
        double[] gate = multiply(layer.gate, normed);
        double[] up = multiply(layer.up, normed);
        for (int i = 0; i < gate.length; i++) {
          gate[i] = gate[i] / (1 + Math.exp(-gate[i])) * up[i];
        }
        x = plus(x, multiply(layer.down, gate));
      }
      position++;
      return multiply(output, rmsNorm(x, outputNorm));
    }

    private double[] attend(int l, Layer layer, double[] x) {
      double[][] queries = heads(plus(multiply(layer.query, x), layer.queryBias));
      double[][] newKeys = heads(plus(multiply(layer.key, x), layer.keyBias));
      double[][] newValues = heads(plus(multiply(layer.value, x), layer.valueBias));
      for (int h = 0; h < kvHeadCount; h++) {
        keys.get(l).get(h).add(rotated(newKeys[h], layer.keyNorm));
        values.get(l).get(h).add(newValues[h]);
      }
      double[] output = new double[headCount * headDim];
      for (int h = 0; h < headCount; h++) {
        int kvHead = h / (headCount / kvHeadCount);
        double[] result =
            ReferenceAttention.attend(
                    rotated(queries[h], layer.queryNorm),
                    keys.get(l).get(kvHead).toArray(double[][]::new),
                    values.get(l).get(kvHead).toArray(double[][]::new),
                    1 / Math.sqrt(headDim))
                .output();
        System.arraycopy(result, 0, output, h * headDim, headDim);
      }
      return output;
    }

    private double[] rotated(double[] head, double @Nullable [] norm) {
      double[] from = norm == null ? head : rmsNorm(head, norm);
      double[] to = from.clone();
      for (int i = 0; i < ropeDim / 2; i++) {
        double divisor = ropeDivisors == null ? 1 : ropeDivisors[i];
        double angle =
            position / positionDivisor * Math.pow(ropeBase, -2.0 * i / ropeDim) / divisor;
        int a = adjacentPairs ? 2 * i : i;
        int b = adjacentPairs ? 2 * i + 1 : i + ropeDim / 2;
        to[a] = from[a] * Math.cos(angle) - from[b] * Math.sin(angle);
        to[b] = from[a] * Math.sin(angle) + from[b] * Math.cos(angle);
      }
      return to;
    }

    private double[][] heads(double[] vector) {
      double[][] heads = new double[vector.length / headDim][];
      for (int h = 0; h < heads.length; h++) {
        heads[h] = Arrays.copyOfRange(vector, h * headDim, (h + 1) * headDim);
      }
      return heads;
    }
  }

  private double[] rmsNorm(double[] x, double[] weight) {
    double scale = 1 / Math.sqrt(ReferenceAttention.dot(x, x) / x.length + epsilon);
    double[] normed = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      normed[i] = x[i] * scale * weight[i];
    }
    return normed;
  }

  private double[] multiply(Matrix matrix, double[] x) {
    double[] input = words && matrix.quantised ? rounded(x) : x;
    double[] product = new double[matrix.rows.length];
    for (int r = 0; r < product.length; r++) {
      product[r] = ReferenceAttention.dot(matrix.rows[r], input);
    }
    return product;
  }

  private static double[] rounded(double[] x) {
    double[] rounded = new double[x.length];
    for (int from = 0; from < x.length; from += 32) {
      double largest = 0;
      for (int i = from; i < from + 32; i++) {
        largest = Math.max(largest, Math.abs(x[i]));
      }
      double step = largest / 32767;
      for (int i = from; i < from + 32; i++) {
        rounded[i] = step == 0 ? 0 : Math.rint(x[i] / step) * step;
      }
    }
    return rounded;
  }

  private static double[] plus(double[] a, double @Nullable [] b) {
    if (b == null) {
      return a;
    }
    double[] sum = new double[a.length];
    for (int i = 0; i < a.length; i++) {
      sum[i] = a[i] + b[i];
    }
    return sum;
  }

  private static Matrix matrix(GgufFile file, String name) {
    Tensor tensor = file.tensor(name);
    return new Matrix(ReferenceTensor.matrix(tensor), tensor.type().isQuantised());
  }

  private static double @Nullable [] vector(GgufFile file, String name) {
    Tensor tensor = file.findTensor(name);
    return tensor == null ? null : ReferenceTensor.vector(tensor);
  }
}
