package dev.baton.engine.backend.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** Attention by the kernel in C ({@code attention.inc}), on the same KV memory. */
final class NativeAttention implements HeadAttention {
  private static final double LN_2 = Math.log(2);

  /** Rows per tile of every tier divide it. */
  private static final int TILE_ROWS = 12;

  /** {@code baton_attention} of {@code kernels.h}: its fields in order, then padding. */
  private static final StructLayout ITEM =
      MemoryLayout.structLayout(
          ValueLayout.JAVA_LONG.withName("queries"),
          ValueLayout.JAVA_LONG.withName("queryStride"),
          ValueLayout.JAVA_LONG.withName("tokens"),
          ValueLayout.JAVA_LONG.withName("heads"),
          ValueLayout.JAVA_LONG.withName("dim"),
          ValueLayout.JAVA_LONG.withName("padded"),
          ValueLayout.JAVA_LONG.withName("memory"),
          ValueLayout.JAVA_LONG.withName("blockBytes"),
          ValueLayout.JAVA_LONG.withName("headAt"),
          ValueLayout.JAVA_LONG.withName("blockTokens"),
          ValueLayout.JAVA_LONG.withName("blocks"),
          ValueLayout.JAVA_LONG.withName("from"),
          ValueLayout.JAVA_LONG.withName("to"),
          ValueLayout.JAVA_LONG.withName("firstVisible"),
          ValueLayout.JAVA_LONG.withName("scratch"),
          ValueLayout.JAVA_LONG.withName("capacity"),
          ValueLayout.JAVA_FLOAT.withName("scale"),
          MemoryLayout.paddingLayout(4));

  private static final long QUERIES = at("queries");
  private static final long QUERY_STRIDE = at("queryStride");
  private static final long TOKENS = at("tokens");
  private static final long HEAD_AT = at("headAt");
  private static final long FROM = at("from");
  private static final long TO = at("to");
  private static final long FIRST_VISIBLE = at("firstVisible");

  private final KernelSet set;
  private final KvMemory kv;
  private final int headDim;
  private final int paddedDim;
  private final int headsPerKvHead;
  private final MemorySegment item;
  private final MemorySegment blocks; // ids of the range that is attended to
  private final MemorySegment scratch;
  private final long maximaAt;
  private final long sumsAt;

  NativeAttention(KernelSet set, Arena arena, KvMemory kv, int headDim, int headsPerKvHead) {
    this.set = set;
    this.kv = kv;
    this.headDim = headDim;
    this.headsPerKvHead = headsPerKvHead;
    paddedDim = kv.paddedDim();
    int rows = HeadAttention.maxTokens(headsPerKvHead) * headsPerKvHead;
    long capacity = (rows / TILE_ROWS + 1L) * TILE_ROWS;
    long floats = NativeCalls.attentionFloats(set, capacity, headDim, paddedDim);
    scratch = arena.allocate(floats * Float.BYTES, 64);
    maximaAt = capacity * paddedDim;
    sumsAt = maximaAt + capacity;
    blocks = arena.allocate((long) kv.layout().blockCount() * Integer.BYTES, 64);
    item = arena.allocate(ITEM);
    set(at("heads"), headsPerKvHead);
    set(at("dim"), headDim);
    set(at("padded"), paddedDim);
    set(at("memory"), kv.memory().address());
    set(at("blockBytes"), kv.layout().blockBytes());
    set(at("blockTokens"), kv.blockTokens());
    set(at("blocks"), blocks.address());
    set(at("scratch"), scratch.address());
    set(at("capacity"), capacity);
    item.set(ValueLayout.JAVA_FLOAT, at("scale"), (float) (1 / Math.sqrt(headDim)));
  }

  /** Whether blocks and heads are whole tiles of the tier, two vectors wide. */
  static boolean fits(KernelSet set, KvMemory kv) {
    int panel = set == KernelSet.NATIVE_AVX2 ? 16 : 32;
    return set.isNative() && kv.blockTokens() % panel == 0 && kv.paddedDim() % panel == 0;
  }

  private static long at(String field) {
    return ITEM.byteOffset(MemoryLayout.PathElement.groupElement(field));
  }

  private void set(long field, long value) {
    item.set(ValueLayout.JAVA_LONG, field, value);
  }

  @Override
  public void attend(
      MemorySegment queryMemory,
      int queryStride,
      int firstRow,
      int tokens,
      int layer,
      int kvHead,
      List<KvRange> ranges) {
    long query = (long) firstRow * queryStride + (long) kvHead * headsPerKvHead * headDim;
    set(QUERIES, queryMemory.address() + query * Float.BYTES);
    set(QUERY_STRIDE, queryStride);
    set(TOKENS, tokens);
    set(HEAD_AT, kv.headAt(layer, kvHead));
    for (int i = 0; i < ranges.size(); i++) {
      KvRange range = ranges.get(i);
      int used = Math.ceilDiv(range.to(), kv.blockTokens());
      MemorySegment.copy(range.blocks(), 0, blocks, ValueLayout.JAVA_INT, 0, used);
      set(FROM, range.from());
      set(TO, range.to());
      set(FIRST_VISIBLE, range.firstVisible() == KvRange.ALL ? -1 : range.firstVisible());
      NativeCalls.attend(set, item, i == 0, i == ranges.size() - 1);
    }
  }

  @Override
  public float logSumExp(int row) {
    float sum = scratch.getAtIndex(ValueLayout.JAVA_FLOAT, sumsAt + row);
    float maximum = scratch.getAtIndex(ValueLayout.JAVA_FLOAT, maximaAt + row);
    return sum == 0 ? Float.NEGATIVE_INFINITY : (float) (maximum * LN_2 + Math.log(sum));
  }

  @Override
  public void copyOutput(int row, MemorySegment target, long byteOffset) {
    long from = (long) row * paddedDim * Float.BYTES;
    MemorySegment.copy(scratch, from, target, byteOffset, (long) headDim * Float.BYTES);
  }
}
