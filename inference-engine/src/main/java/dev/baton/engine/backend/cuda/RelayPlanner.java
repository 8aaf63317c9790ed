package dev.baton.engine.backend.cuda;

import dev.baton.cuda.RelayKernels;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Divides the attention of a step into work items, once for all its layers: the twin of {@code
 * cuda/include/relay_plan.h}, which the kernels' tests use.
 *
 * <ul>
 *   <li>A relayed group: its rows in tiles over the system's keys; and each sequence's rows in
 *       tiles over its own.
 *   <li>Any other sequence: tiles that walk the system's keys, then its own.
 *   <li>A tile that would keep a block busy while others have nothing left is split along its keys,
 *       all tiles of a group's system alike, so that the parts of a row are numbered.
 * </ul>
 */
final class RelayPlanner {
  private static final int ITEM_COST = 48; // keys, what an item costs beside its own
  private static final int MIN_SPLIT = 128; // keys worth a split
  private static final int MAX_SPLITS = 32;
  private static final int ITEMS_PER_BLOCK = 2;

  private final int kvHeads;
  private final int blocks;
  private final int capacity;
  private final int tileTokens;

  /**
   * A sequence's rows in a step.
   *
   * @param start tokens that the request KV holds already
   * @param blocks where its blocks begin in the block table
   */
  record SequenceRows(int tokens, int start, int blocks) {}

  /** Sequences and their system, {@code systemTokens} 0 for none. */
  record GroupRows(
      int systemTokens, int systemBlocks, boolean relay, List<SequenceRows> sequences) {}

  /** One work item, in the words of {@code cuda/include/relay_item.h}. */
  record Item(
      int firstRow,
      int rowCount,
      int part,
      int systemBlocks,
      int systemFrom,
      int systemTo,
      int requestBlocks,
      int requestFrom,
      int requestTo,
      int firstVisible) {
    private int keys() {
      return systemTo - systemFrom + requestTo - requestFrom;
    }
  }

  /**
   * @param items dearest first
   * @param parts {@code [rows]} of each row
   */
  record Plan(List<Item> items, int[] parts) {
    /** Partial results in all: those of rows with more than one part. */
    int partials() {
      int count = 0;
      for (int ofRow : parts) {
        count += ofRow > 1 ? ofRow : 0;
      }
      return count;
    }
  }

  /** Rows and the keys they walk: the system's, then the request's. */
  private record Tile(
      int firstRow,
      int rows,
      int systemBlocks,
      int system,
      int requestBlocks,
      int request,
      int firstVisible) {
    private int keys() {
      return system + request;
    }

    private double cost() {
      return keys() + (double) ITEM_COST;
    }
  }

  /**
   * @param blocks of the launch
   * @param capacity partial results there is room for, at least two a row of a step
   */
  RelayPlanner(int headsPerKvHead, int kvHeads, int blocks, int capacity) {
    this.kvHeads = kvHeads;
    this.blocks = blocks;
    this.capacity = capacity;
    tileTokens = RelayKernels.TILE_ROWS / headsPerKvHead;
  }

  Plan plan(List<GroupRows> groups, int rows) {
    if (capacity < 2 * rows) {
      throw new IllegalArgumentException(
          "%d rows need room for two partial results each, there is room for %d"
              .formatted(rows, capacity));
    }
    List<Tile> tiles = tiles(groups);
    double total = tiles.stream().mapToDouble(Tile::cost).sum();
    double target = total * kvHeads / ((double) blocks * ITEMS_PER_BLOCK);
    while (true) {
      Plan made = divide(tiles, rows, target);
      if (made.partials() <= capacity) {
        return made;
      }
      target = 2 * target + 1;
    }
  }

  private List<Tile> tiles(List<GroupRows> groups) {
    List<Tile> tiles = new ArrayList<>();
    int row = 0;
    for (GroupRows group : groups) {
      boolean relay = group.relay() && group.systemTokens() > 0;
      if (relay) {
        int rows = group.sequences().stream().mapToInt(SequenceRows::tokens).sum();
        int count = Math.ceilDiv(rows, tileTokens);
        for (int i = 0; i < count; i++) {
          int from = share(rows, i, count);
          tiles.add(
              new Tile(
                  row + from,
                  share(rows, i + 1, count) - from,
                  group.systemBlocks(),
                  group.systemTokens(),
                  0,
                  0,
                  0));
        }
      }
      for (SequenceRows sequence : group.sequences()) {
        int count = Math.ceilDiv(sequence.tokens(), tileTokens);
        for (int i = 0; i < count; i++) {
          int from = share(sequence.tokens(), i, count);
          int tokens = share(sequence.tokens(), i + 1, count) - from;
          int visible = sequence.start() + from + 1;
          tiles.add(
              new Tile(
                  row + from,
                  tokens,
                  group.systemBlocks(),
                  relay ? 0 : group.systemTokens(),
                  sequence.blocks(),
                  visible + tokens - 1,
                  visible));
        }
        row += sequence.tokens();
      }
    }
    return tiles;
  }

  /** Where the i-th of so many nearly equal shares begins. */
  private static int share(int rows, int i, int count) {
    return (int) ((long) rows * i / count);
  }

  private static Plan divide(List<Tile> tiles, int rows, double target) {
    List<Item> items = new ArrayList<>();
    int[] parts = new int[rows];
    for (Tile tile : tiles) {
      int most = Math.min(MAX_SPLITS, tile.keys() / MIN_SPLIT);
      int wanted = (int) Math.min(1e6, (tile.cost() + target) / (target + 1));
      int splits = Math.max(1, Math.min(most, wanted));
      int keys = RelayKernels.TILE_KEYS;
      int length = Math.max(1, Math.ceilDiv(Math.ceilDiv(tile.keys(), splits), keys) * keys);
      for (int from = 0; from == 0 || from < tile.keys(); from += length) {
        items.add(item(tile, from, Math.min(from + length, tile.keys()), parts[tile.firstRow()]));
        for (int row = tile.firstRow(); row < tile.firstRow() + tile.rows(); row++) {
          parts[row]++;
        }
      }
    }
    items.sort(Comparator.comparingInt(Item::keys).reversed());
    return new Plan(items, parts);
  }

  /** Keys {@code [from, to)} of the tile's walk. */
  private static Item item(Tile tile, int from, int to, int part) {
    return new Item(
        tile.firstRow(),
        tile.rows(),
        part,
        tile.systemBlocks(),
        Math.min(from, tile.system()),
        Math.min(to, tile.system()),
        tile.requestBlocks(),
        Math.max(from - tile.system(), 0),
        Math.max(to - tile.system(), 0),
        tile.firstVisible());
  }
}
