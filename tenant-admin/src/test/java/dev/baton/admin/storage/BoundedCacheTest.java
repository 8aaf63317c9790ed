package dev.baton.admin.storage;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class BoundedCacheTest {

  @Test
  void forgetsTheLeastRecentlyUsedWhenItIsFull() {
    BoundedCache<String, String> cache = new BoundedCache<>(2, value -> 1);
    cache.put("a", "A");
    cache.put("b", "B");
    assertThat(cache.get("a")).isEqualTo("A");
    cache.put("c", "C");
    assertThat(cache.get("b")).isNull();
    assertThat(cache.get("a")).isEqualTo("A");
  }

  @Test
  void itsWeightIsThatOfWhatItHolds() {
    BoundedCache<String, String> cache = new BoundedCache<>(10, String::length);
    cache.put("a", "1234");
    cache.put("a", "123456");
    cache.put("b", "1234");
    assertThat(cache.totalWeight()).isEqualTo(10);
    cache.removeIf(value -> value.length() == 4);
    assertThat(cache.totalWeight()).isEqualTo(6);
    cache.put("c", "12345678901");
    assertThat(cache.totalWeight()).isZero();
    assertThat(cache.get("c")).isNull();
  }
}
