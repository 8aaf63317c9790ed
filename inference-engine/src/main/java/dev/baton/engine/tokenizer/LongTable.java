package dev.baton.engine.tokenizer;

import java.util.Arrays;

/**
 * A map from keys to values, both {@code >= 0}, without boxing: open addressing with linear
 * probing, at most half full.
 */
final class LongTable {
  static final long ABSENT = -1;

  private long[] keys = new long[16];
  private long[] values = new long[16];
  private int size;

  LongTable() {
    Arrays.fill(keys, ABSENT);
  }

  /** Two non-negative ints as one key. */
  static long pair(int left, int right) {
    return ((long) left << 32) | right;
  }

  long get(long key) {
    int mask = keys.length - 1;
    for (int slot = slot(key, mask); ; slot = (slot + 1) & mask) {
      if (keys[slot] == key) {
        return values[slot];
      }
      if (keys[slot] == ABSENT) {
        return ABSENT;
      }
    }
  }

  boolean contains(long key) {
    return get(key) != ABSENT;
  }

  /** Keeps the value that is there; returns whether the new one was put. */
  boolean putIfAbsent(long key, long value) {
    if (key < 0 || value < 0) {
      throw new IllegalArgumentException("negative key or value: " + key + ", " + value);
    }
    if (2 * (size + 1) > keys.length) {
      grow();
    }
    int mask = keys.length - 1;
    int slot = slot(key, mask);
    while (keys[slot] != ABSENT) {
      if (keys[slot] == key) {
        return false;
      }
      slot = (slot + 1) & mask;
    }
    keys[slot] = key;
    values[slot] = value;
    size++;
    return true;
  }

  private void grow() {
    long[] oldKeys = keys;
    long[] oldValues = values;
    keys = new long[2 * oldKeys.length];
    values = new long[2 * oldKeys.length];
    Arrays.fill(keys, ABSENT);
    size = 0;
    for (int slot = 0; slot < oldKeys.length; slot++) {
      if (oldKeys[slot] != ABSENT) {
        putIfAbsent(oldKeys[slot], oldValues[slot]);
      }
    }
  }

  /** Fibonacci hashing: 2^64 / golden ratio spreads neighbouring keys. */
  private static int slot(long key, int mask) {
    long mixed = key * 0x9E3779B97F4A7C15L;
    return (int) (mixed ^ (mixed >>> 32)) & mask;
  }
}
