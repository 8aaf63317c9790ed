package dev.baton.engine.kvcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.engine.EngineException;
import dev.baton.engine.SystemKvKey;
import dev.baton.engine.backend.KvLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class BlockPoolTest {
  private static final BlockOwner A = new BlockOwner.RequestKv("a", 1);
  private static final BlockOwner A_SYSTEM = new BlockOwner.System(new SystemKvKey("a", "v"), 1);
  private static final BlockOwner B = new BlockOwner.RequestKv("b", 2);

  private final List<Integer> cleared = new ArrayList<>();
  private boolean deviceFails;
  private final BlockPool pool = new BlockPool(new KvLayout(8, 4, 10), this::clear);

  private void clear(int[] blocks) {
    if (deviceFails) {
      throw new IllegalStateException("device");
    }
    for (int block : blocks) {
      cleared.add(block);
    }
  }

  @AfterEach
  void nothingIsLost() {
    pool.verify();
    assertThat(pool.freeCount() + pool.systemCount() + pool.requestCount()).isEqualTo(8);
  }

  @Test
  void countsBlocksByKindOfOwner() {
    pool.allocate(A, 3);
    pool.allocate(A_SYSTEM, 4);
    assertThat(pool.freeCount()).isEqualTo(1);
    assertThat(pool.systemCount()).isEqualTo(4);
    assertThat(pool.requestCount()).isEqualTo(3);
  }

  @Test
  void refusesDoubleAndForeignFrees() {
    int[] blocks = pool.allocate(A, 2);
    assertThatThrownBy(() -> pool.free(B, blocks)).hasMessageContaining("is freed by");
    pool.free(A, blocks);
    assertThatThrownBy(() -> pool.free(A, blocks)).hasMessageContaining("owned by null");
  }

  @Test
  void refusesToGiveMoreThanIsFree() {
    assertThatThrownBy(() -> pool.allocate(A, 9)).hasMessageContaining("9 blocks asked for");
  }

  @Test
  void clearsWhatAnotherTenantLeftAndOnlyThat() {
    pool.free(A, pool.allocate(A, 5));
    pool.free(A_SYSTEM, pool.allocate(A_SYSTEM, 5));
    assertThat(cleared).as("the same tenant's own").isEmpty();
    int[] blocks = pool.allocate(B, 8);
    assertThat(cleared).hasSize(5);
    pool.free(B, blocks);
    assertThat(pool.allocate(B, 8)).hasSize(8);
    assertThat(cleared).hasSize(5);
  }

  @Test
  void changesNothingWhenTheDeviceCanNotClear() {
    pool.free(A, pool.allocate(A, 5));
    deviceFails = true;
    assertThatThrownBy(() -> pool.allocate(B, 8)).isInstanceOf(EngineException.class);
    assertThat(pool.freeCount()).isEqualTo(8);
    deviceFails = false;
    pool.allocate(B, 8);
    assertThat(cleared).hasSize(5);
  }

  @Test
  void survivesRandomTables() {
    Random random = new Random(5);
    List<BlockTable> tables = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      tables.add(new BlockTable(pool, new BlockOwner.RequestKv("t" + i % 3, i)));
    }
    for (int i = 0; i < 2000; i++) {
      BlockTable table = tables.get(random.nextInt(tables.size()));
      int tokens = random.nextInt(20);
      if (random.nextInt(3) == 0) {
        table.release();
      } else if (table.missingFor(tokens) <= pool.freeCount()) {
        table.growTo(tokens);
        assertThat(table.missingFor(tokens)).isZero();
      }
      pool.verify();
      int held = tables.stream().mapToInt(BlockTable::blockCount).sum();
      assertThat(held).isEqualTo(pool.requestCount());
    }
  }
}
