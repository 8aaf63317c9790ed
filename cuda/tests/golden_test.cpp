// The stand-in's primitives against what a GPU gave (tests/golden/primitives.txt, made by cuda/bench/run golden).
#include "golden.h"
#include "kernel_test.h"
#include "primitives.cu"

int main() {
  start();
  const char* path = getenv("GOLDEN") ? getenv("GOLDEN") : "tests/golden/primitives.txt";
  FILE* file = fopen(path, "r");
  if (!file) {
    printf("golden_test: no vectors at %s, so no GPU has confirmed the fragment layouts yet\n", path);
    return 0;
  }
  std::vector<uint32_t> golden;
  char line[256];
  while (fgets(line, sizeof line, file)) {
    if (line[0] != '#') golden.push_back(uint32_t(strtoul(line, nullptr, 16)));
  }
  fclose(file);
  for (int vector = 0; vector < GOLDEN_SEEDS; ++vector) {
    test_case("primitives as on a GPU, vector " + std::to_string(vector), [&] {
      std::vector<uint32_t> words = golden_words(vector), results(32 * 64);
      run(primitives, {1, 1, 1}, {32, 1, 1}, 0, words.data(), results.data());
      for (size_t i = 0; i < results.size(); ++i) {
        size_t place = size_t(vector) * results.size() + i;
        if (place >= golden.size()) return fault("the file is cut off");
        expect_equal(results[i], golden[place], at("lane, word", (long long)(i / 64), (long long)(i % 64)));
      }
    });
  }
  return finish("golden_test");
}
