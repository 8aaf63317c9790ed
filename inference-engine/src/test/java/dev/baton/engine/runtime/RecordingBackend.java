package dev.baton.engine.runtime;

import dev.baton.engine.attention.RelayCostModel;
import dev.baton.engine.backend.Backend;
import dev.baton.engine.backend.KvLayout;
import dev.baton.engine.backend.Logits;
import dev.baton.engine.backend.Step;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A device whose keys and values are the tokens themselves: each block slot holds the token id and
 * position written there, and a row's logits are a hash of everything that the step's block tables
 * let it reach. A wrong block, a stale one, a wrong position or another tenant's token changes the
 * generated ids, or is found on the spot.
 */
final class RecordingBackend implements Backend {
  private final KvLayout layout;
  private final int vocabSize;
  private final long[] slots; // [blockCount * blockTokens], 0 when clear
  private @Nullable RuntimeException failure;
  private @Nullable RuntimeException clearFailure;
  private boolean closed;

  final List<Step> steps = new ArrayList<>();
  int clearedBlocks;

  RecordingBackend(int blockCount, int blockTokens, int vocabSize) {
    layout = new KvLayout(blockCount, blockTokens, 100);
    this.vocabSize = vocabSize;
    slots = new long[blockCount * blockTokens];
  }

  /** Makes the next step fail halfway. */
  void failNextStep(RuntimeException e) {
    failure = e;
  }

  /** Makes the next clearing fail. */
  void failNextClear(RuntimeException e) {
    clearFailure = e;
  }

  @Override
  public KvLayout kvLayout() {
    return layout;
  }

  @Override
  public RelayCostModel relayCostModel() {
    return (sequences, rows, systemTokens) -> sequences > 1;
  }

  @Override
  public Logits forward(Step step) {
    require(!closed, "a closed backend computes nothing");
    steps.add(step);
    require(!step.groups().isEmpty(), "a step computes something");
    Set<Integer> written = new HashSet<>();
    Set<Integer> read = new HashSet<>();
    List<float[]> rows = new ArrayList<>();
    for (Step.Group group : step.groups()) {
      require(!group.sequences().isEmpty(), "a group has sequences");
      Step.SystemPart system = group.system();
      int systemTokens = 0;
      if (system != null) {
        systemTokens = system.tokenCount();
        require(systemTokens > 0, "a system part has tokens");
        for (int i = 0; i < layout.blocksFor(systemTokens); i++) {
          read.add(system.blocks()[i]);
        }
      }
      for (Step.SequencePart part : group.sequences()) {
        write(part, systemTokens, written);
      }
    }
    for (int block : written) {
      require(!read.contains(block), "a step writes block " + block + " that it reads as system");
    }
    if (failure != null) {
      RuntimeException e = failure;
      failure = null;
      throw e;
    }
    for (Step.Group group : step.groups()) {
      for (Step.SequencePart part : group.sequences()) {
        for (int i = part.logitsFrom(); i < part.tokens().length; i++) {
          rows.add(logits(hash(group.system(), part, part.start() + i)));
        }
      }
    }
    require(rows.size() == step.logitsCount(), "rows are counted");
    return new Rows(rows, vocabSize);
  }

  private void write(Step.SequencePart part, int systemTokens, Set<Integer> written) {
    require(part.tokens().length > 0, "a part computes something");
    require(part.logitsFrom() <= part.tokens().length, "logits of tokens of the part");
    int end = part.start() + part.tokens().length;
    require(part.blocks().length >= layout.blocksFor(end), "blocks suffice");
    for (int i = 0; i < part.blocks().length; i++) {
      require(written.add(part.blocks()[i]), "block " + part.blocks()[i] + " has two writers");
    }
    for (int i = 0; i < part.tokens().length; i++) {
      int position = part.start() + i;
      slots[slot(part.blocks(), position)] = value(part.tokens()[i], systemTokens + position);
    }
  }

  private long hash(Step.@Nullable SystemPart system, Step.SequencePart part, int last) {
    long hash = 0;
    if (system != null) {
      for (int i = 0; i < system.tokenCount(); i++) {
        hash = mix(hash, slots[slot(system.blocks(), i)]);
      }
    }
    for (int i = 0; i <= last; i++) {
      hash = mix(hash, slots[slot(part.blocks(), i)]);
    }
    return hash;
  }

  private int slot(int[] blocks, int position) {
    return blocks[position / layout.blockTokens()] * layout.blockTokens()
        + position % layout.blockTokens();
  }

  private float[] logits(long hash) {
    float[] logits = new float[vocabSize];
    for (int id = 0; id < vocabSize; id++) {
      logits[id] = logit(hash, id);
    }
    return logits;
  }

  private static float logit(long hash, int id) {
    return (mix(hash, id) >>> 40) / (float) (1 << 21) - 4;
  }

  private static long value(int token, int position) {
    return (token + 1L) << 32 | position;
  }

  private static long mix(long hash, long value) {
    long z = hash * 0x9E3779B97F4A7C15L + value + 0x632BE59BD9B4E019L;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  /**
   * What a request must generate, from its tokens alone: greedy, until {@code eos} or the limit.
   */
  static List<Integer> expected(int[] prompt, int maxTokens, int eos, int vocabSize) {
    List<Integer> generated = new ArrayList<>();
    long hash = 0;
    for (int i = 0; i < prompt.length; i++) {
      hash = mix(hash, value(prompt[i], i));
    }
    while (generated.size() < maxTokens) {
      int best = 0;
      for (int id = 1; id < vocabSize; id++) {
        if (logit(hash, id) > logit(hash, best)) {
          best = id;
        }
      }
      if (best == eos) {
        break;
      }
      hash = mix(hash, value(best, prompt.length + generated.size()));
      generated.add(best);
    }
    return generated;
  }

  @Override
  public void clearBlocks(int[] blocks) {
    if (clearFailure != null) {
      RuntimeException e = clearFailure;
      clearFailure = null;
      throw e;
    }
    clearedBlocks += blocks.length;
    for (int block : blocks) {
      for (int i = 0; i < layout.blockTokens(); i++) {
        slots[block * layout.blockTokens() + i] = 0;
      }
    }
  }

  /** Token ids that a block holds now, for the tests of isolation. */
  List<Integer> tokensIn(int block) {
    List<Integer> ids = new ArrayList<>();
    for (int i = 0; i < layout.blockTokens(); i++) {
      long slot = slots[block * layout.blockTokens() + i];
      if (slot != 0) {
        ids.add((int) (slot >>> 32) - 1);
      }
    }
    return ids;
  }

  @Override
  public void close() {
    closed = true;
  }

  boolean closed() {
    return closed;
  }

  private static void require(boolean condition, String message) {
    if (!condition) {
      throw new AssertionError(message);
    }
  }

  private record Rows(List<float[]> rows, int vocabSize) implements Logits {
    @Override
    public int rowCount() {
      return rows.size();
    }

    @Override
    public void copyRow(int row, float[] target) {
      System.arraycopy(rows.get(row), 0, target, 0, vocabSize);
    }
  }
}
