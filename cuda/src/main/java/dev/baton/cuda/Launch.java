package dev.baton.cuda;

/**
 * Size of a kernel launch.
 *
 * @param threads of a block, a multiple of the warp's 32
 * @param sharedBytes dynamic shared memory of a block
 */
public record Launch(int gridX, int gridY, int gridZ, int threads, int sharedBytes) {
  private static final int MAX_GRID_YZ = 65_535;
  private static final int MAX_THREADS = 1024;

  public Launch {
    if (gridX < 1 || gridY < 1 || gridY > MAX_GRID_YZ || gridZ < 1 || gridZ > MAX_GRID_YZ) {
      throw new IllegalArgumentException(
          "a grid of %d x %d x %d blocks can not be launched".formatted(gridX, gridY, gridZ));
    }
    if (threads < 1 || threads > MAX_THREADS || sharedBytes < 0) {
      throw new IllegalArgumentException(
          "a block of %d threads and %d shared bytes can not be launched"
              .formatted(threads, sharedBytes));
    }
  }

  public static Launch of(int blocks, int threads) {
    return new Launch(blocks, 1, 1, threads, 0);
  }

  public static Launch of(int gridX, int gridY, int threads, int sharedBytes) {
    return new Launch(gridX, gridY, 1, threads, sharedBytes);
  }
}
