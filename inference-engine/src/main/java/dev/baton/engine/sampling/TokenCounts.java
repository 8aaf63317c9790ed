package dev.baton.engine.sampling;

import java.util.Arrays;

/** How often tokens occurred: the distinct ones in order of appearance, with their counts. */
final class TokenCounts {
  private int[] ids = new int[16];
  private int[] counts = new int[16];
  private int[] slots = new int[64]; // index into ids + 1, 0 for an empty slot
  private int size;

  int size() {
    return size;
  }

  int id(int index) {
    return ids[index];
  }

  int count(int index) {
    return counts[index];
  }

  /** Adds {@code times} occurrences, which may be 0: then the token is known only. */
  void add(int id, int times) {
    int mask = slots.length - 1;
    int slot = slot(id, mask);
    while (slots[slot] != 0) {
      int index = slots[slot] - 1;
      if (ids[index] == id) {
        counts[index] += times;
        return;
      }
      slot = (slot + 1) & mask;
    }
    if (size == ids.length) {
      ids = Arrays.copyOf(ids, 2 * size);
      counts = Arrays.copyOf(counts, 2 * size);
    }
    ids[size] = id;
    counts[size] = times;
    slots[slot] = ++size;
    if (2 * size > slots.length) {
      rehash();
    }
  }

  private static int slot(int id, int mask) {
    return ((id * 0x9E3779B9) >>> 7) & mask;
  }

  private void rehash() {
    slots = new int[4 * slots.length];
    int mask = slots.length - 1;
    for (int index = 0; index < size; index++) {
      int slot = slot(ids[index], mask);
      while (slots[slot] != 0) {
        slot = (slot + 1) & mask;
      }
      slots[slot] = index + 1;
    }
  }
}
