// Prints what the primitives of bench/primitives.cu give on this GPU for 64 seeds: to be committed as
// tests/golden/primitives.txt, which tests/golden_test.cpp holds the stand-in to. Run by: cuda/bench/run golden
#include "device.h"
#include "golden.h"
#include "primitives.cu"

int main() {
  Device device = open_device();
  printf("# %s\n", device.name.c_str());
  for (int seed = 0; seed < GOLDEN_SEEDS; ++seed) {
    Buffer<uint32_t> words(golden_words(seed)), results(size_t(32 * 64));
    launch(primitives, dim3{1, 1, 1}, dim3{32, 1, 1}, 0, words.data, results.data);
    for (uint32_t r : results.read()) printf("%08x\n", r);
  }
}
