package dev.baton.engine.kvcache;

import dev.baton.engine.EngineException;
import dev.baton.engine.ErrorCode;
import dev.baton.engine.backend.DeviceLostException;
import dev.baton.engine.backend.KvLayout;
import java.util.Arrays;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The device's KV blocks and who owns each of them.
 *
 * <p>Invariant: every block is free or owned by exactly one owner, {@code free + system + request =
 * total}. A freed block remembers whose keys and values it still holds (its residue); it is cleared
 * before another tenant gets it, and need not be when it returns to the same one. Allocating and
 * freeing cost O(blocks moved). Used by the engine thread only.
 */
public final class BlockPool {
  private final KvLayout layout;
  private final Consumer<int[]> clearBlocks;

  private final @Nullable BlockOwner[] owners; // [blockCount], null when free
  private final @Nullable String[] residues; // [blockCount], null when clean
  private final int[] free; // stack of free ids in [0, freeCount)
  private int freeCount;
  private int systemCount;

  /**
   * @param clearBlocks overwrites blocks on the device, {@code Backend::clearBlocks}
   */
  public BlockPool(KvLayout layout, Consumer<int[]> clearBlocks) {
    this.layout = layout;
    this.clearBlocks = clearBlocks;
    int count = layout.blockCount();
    owners = new BlockOwner[count];
    residues = new String[count];
    free = new int[count];
    for (int i = 0; i < count; i++) {
      free[i] = count - 1 - i; // low ids first
    }
    freeCount = count;
  }

  public KvLayout layout() {
    return layout;
  }

  public int totalCount() {
    return owners.length;
  }

  public int freeCount() {
    return freeCount;
  }

  /** Blocks owned by system KVs. */
  public int systemCount() {
    return systemCount;
  }

  /** Blocks owned by sequences. */
  public int requestCount() {
    return totalCount() - freeCount - systemCount;
  }

  /**
   * Gives {@code count} blocks to an owner. The caller has made sure that so many are free.
   *
   * @throws EngineException {@link ErrorCode#INTERNAL} when the device could not clear what another
   *     tenant left; no block has changed hands then
   * @throws DeviceLostException when it can do nothing any more
   */
  int[] allocate(BlockOwner owner, int count) {
    if (count < 0 || count > freeCount) {
      throw new IllegalStateException(
          "%d blocks asked for, %d of %d are free".formatted(count, freeCount, totalCount()));
    }
    int[] blocks = new int[count];
    for (int i = 0; i < count; i++) {
      blocks[i] = free[freeCount - 1 - i];
    }
    clearForeignResidue(blocks, owner.tenantId());
    for (int block : blocks) {
      if (owners[block] != null) {
        throw new IllegalStateException("free block " + block + " has an owner");
      }
      owners[block] = owner;
      residues[block] = owner.tenantId();
    }
    freeCount -= count;
    if (owner instanceof BlockOwner.System) {
      systemCount += count;
    }
    return blocks;
  }

  private void clearForeignResidue(int[] blocks, String tenantId) {
    int[] foreign = new int[blocks.length];
    int count = 0;
    for (int block : blocks) {
      if (residues[block] != null && !residues[block].equals(tenantId)) {
        foreign[count++] = block;
      }
    }
    if (count == 0) {
      return;
    }
    foreign = Arrays.copyOf(foreign, count);
    try {
      clearBlocks.accept(foreign);
    } catch (DeviceLostException e) {
      throw e; // not this owner's misfortune: no later call can succeed
    } catch (RuntimeException | Error e) {
      throw new EngineException(ErrorCode.INTERNAL, "the device could not clear KV blocks", e);
    }
    for (int block : foreign) {
      residues[block] = null;
    }
  }

  /** Takes blocks back from their owner. */
  void free(BlockOwner owner, int[] blocks) {
    for (int block : blocks) {
      if (!owner.equals(owners[block])) {
        throw new IllegalStateException(
            "block %d is freed by %s but owned by %s".formatted(block, owner, owners[block]));
      }
      owners[block] = null;
      free[freeCount++] = block;
    }
    if (owner instanceof BlockOwner.System) {
      systemCount -= blocks.length;
    }
  }

  /** The owner of a block, or null when it is free. */
  public @Nullable BlockOwner owner(int block) {
    return owners[block];
  }

  /**
   * Checks the invariant against the block table itself, O(blockCount); for idle moments and tests.
   *
   * @throws IllegalStateException when a block was lost or counted twice
   */
  public void verify() {
    int freeOwners = 0;
    int systemOwners = 0;
    for (BlockOwner owner : owners) {
      if (owner == null) {
        freeOwners++;
      } else if (owner instanceof BlockOwner.System) {
        systemOwners++;
      }
    }
    boolean[] seen = new boolean[owners.length];
    for (int i = 0; i < freeCount; i++) {
      int block = free[i];
      if (seen[block] || owners[block] != null) {
        throw new IllegalStateException("block " + block + " is in the free list wrongly");
      }
      seen[block] = true;
    }
    if (freeOwners != freeCount || systemOwners != systemCount) {
      throw new IllegalStateException(
          "%d blocks have no owner but %d are free; system KVs own %d but %d are counted"
              .formatted(freeOwners, freeCount, systemOwners, systemCount));
    }
  }

  @Override
  public String toString() {
    return "BlockPool[%d free + %d system + %d request = %d]"
        .formatted(freeCount, systemCount, requestCount(), totalCount());
  }
}
