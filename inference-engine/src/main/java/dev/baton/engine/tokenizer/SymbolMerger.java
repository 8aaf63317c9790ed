package dev.baton.engine.tokenizer;

import java.util.Arrays;

/**
 * Merges neighbouring symbols, the pair of lowest rank first and the leftmost of equals, until no
 * pair has a rank: the loop at the heart of byte-pair encoding (Sennrich et al., arXiv:1508.07909).
 *
 * <p>Symbols form a linked list in arrays; a binary heap holds {@code rank << 32 | left} of pairs
 * seen. A merge leaves the heap's entries of the two pairs it destroys behind; they are recognised
 * when they surface, because the rank of the pair that begins at {@code left} is another one by
 * then. n symbols take O(n log n), which matters for a megabyte without a space. Buffers are kept
 * between calls; not for use by several threads.
 */
final class SymbolMerger {
  private static final long NO_PAIR = LongTable.ABSENT;

  private final LongTable merges;
  private int[] next = new int[64];
  private int[] previous = new int[64];
  private long[] pairs = new long[64]; // rank << 32 | merged symbol, of a symbol and its next
  private long[] heap = new long[64];
  private int heapSize;

  /**
   * @param merges {@code LongTable.pair(left, right)} to {@code rank << 32 | merged symbol}
   */
  SymbolMerger(LongTable merges) {
    this.merges = merges;
  }

  /** Merges {@code symbols[from, to)} in place; returns the new end. */
  int merge(int[] symbols, int from, int to) {
    int count = to - from;
    if (count < 2) {
      return to;
    }
    prepare(count);
    for (int i = 0; i < count; i++) {
      next[i] = i + 1;
      previous[i] = i - 1;
      pairs[i] =
          i + 1 < count
              ? merges.get(LongTable.pair(symbols[from + i], symbols[from + i + 1]))
              : NO_PAIR;
      if (pairs[i] != NO_PAIR) {
        push(i);
      }
    }
    while (heapSize > 0) {
      long top = pop();
      int left = (int) top;
      if (pairs[left] == NO_PAIR || pairs[left] >>> 32 != top >>> 32) {
        continue;
      }
      int right = next[left];
      symbols[from + left] = (int) pairs[left];
      pairs[right] = NO_PAIR;
      next[left] = next[right];
      if (next[left] < count) {
        previous[next[left]] = left;
      }
      pairUp(symbols, from, left, count);
      if (previous[left] >= 0) {
        pairUp(symbols, from, previous[left], count);
      }
    }
    int end = from;
    for (int i = 0; i < count; i = next[i]) {
      symbols[end++] = symbols[from + i];
    }
    return end;
  }

  private void pairUp(int[] symbols, int from, int left, int count) {
    int right = next[left];
    pairs[left] =
        right < count
            ? merges.get(LongTable.pair(symbols[from + left], symbols[from + right]))
            : NO_PAIR;
    if (pairs[left] != NO_PAIR) {
      push(left);
    }
  }

  private void prepare(int count) {
    heapSize = 0;
    if (next.length < count) {
      int capacity = Math.max(count, 2 * next.length);
      next = new int[capacity];
      previous = new int[capacity];
      pairs = new long[capacity];
    }
  }

  private void push(int left) {
    if (heapSize == heap.length) {
      heap = Arrays.copyOf(heap, 2 * heapSize);
    }
    long entry = (pairs[left] & 0xFFFFFFFF_00000000L) | left;
    int hole = heapSize++;
    while (hole > 0 && heap[(hole - 1) >>> 1] > entry) {
      heap[hole] = heap[(hole - 1) >>> 1];
      hole = (hole - 1) >>> 1;
    }
    heap[hole] = entry;
  }

  private long pop() {
    long top = heap[0];
    long last = heap[--heapSize];
    int hole = 0;
    while (2 * hole + 1 < heapSize) {
      int child = 2 * hole + 1;
      if (child + 1 < heapSize && heap[child + 1] < heap[child]) {
        child++;
      }
      if (heap[child] >= last) {
        break;
      }
      heap[hole] = heap[child];
      hole = child;
    }
    heap[hole] = last;
    return top;
  }
}
