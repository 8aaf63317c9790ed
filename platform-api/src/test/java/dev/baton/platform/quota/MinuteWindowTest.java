package dev.baton.platform.quota;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MinuteWindowTest {

  @Test
  void countsWhatAListOfTheLast61SecondsCounts() {
    record Counted(long second, long requests, long tokens) {}
    Random random = new Random(3);
    MinuteWindow window = new MinuteWindow(100);
    Deque<Counted> list = new ArrayDeque<>();
    long now = 100;
    for (int i = 0; i < 2000; i++) {
      now += random.nextInt(10) == 0 ? random.nextInt(100) : random.nextInt(3);
      Counted counted = new Counted(now, 1, random.nextInt(50));
      window.add(now, now, counted.requests(), counted.tokens());
      list.add(counted);
      long oldest = now - 60;
      list.removeIf(old -> old.second() < oldest);
      MinuteWindow.Count count = window.count(now);
      assertThat(count.requests()).isEqualTo(list.stream().mapToLong(Counted::requests).sum());
      assertThat(count.tokens()).isEqualTo(list.stream().mapToLong(Counted::tokens).sum());
    }
  }

  @Test
  void correctsASecondItStillHasAndNoOther() {
    MinuteWindow window = new MinuteWindow(0);
    window.add(10, 10, 1, 100);
    window.add(70, 10, 0, -40);
    assertThat(window.count(70).tokens()).isEqualTo(60);
    assertThat(window.count(71).tokens()).isZero();
    window.add(71, 10, 0, -40);
    assertThat(window.count(71).tokens()).isZero();
  }
}
