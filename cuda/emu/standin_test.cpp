// Shows that the execution model finds the faults it is there for, and computes what the sound kernels should.
// Run: make check (EMU_SEED chooses the order of lanes, warps and blocks).
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "faulty.cu"

static int failures = 0;
static uint64_t seed = 0;

static void expect(bool holds, const std::string& what) {
  if (holds) return;
  ++failures;
  printf("FAILED (seed %llu): %s\n", (unsigned long long)seed, what.c_str());
}

static void expect_error(const char* error, const char* words) {
  expect(error && std::string(error).find(words) != std::string::npos,
         std::string("expected an error with \"") + words + "\", found: " + (error ? error : "none"));
}

static int count_rotated(void (*kernel)(float*)) {
  std::vector<float> out(128, -7);
  expect(!emu::launch(kernel, {1, 1, 1}, {128, 1, 1}, 0, seed, out.data()), "kernel runs");
  int right = 0;
  for (int i = 0; i < 128; ++i) right += out[size_t(i)] == float((i + 33) % 128);
  return right;
}

static void barriers() {
  expect(count_rotated(through_shared) == 128, "with the barrier all values are right");
  expect(count_rotated(missing_barrier) < 128, "a missing barrier shows as wrong values");
  std::vector<float> out(32);
  expect(!emu::launch(missing_syncwarp, {1, 1, 1}, {32, 1, 1}, 0, seed, out.data()), "kernel runs");
  int right = 0;
  for (int i = 0; i < 32; ++i) right += out[size_t(i)] == float(31 - i);
  expect(right < 32, "a missing __syncwarp shows as wrong values");
  std::vector<float> wide(128);
  const char* error = emu::launch(diverging_barrier, {1, 1, 1}, {128, 1, 1}, 0, seed, wide.data());
  expect(error != nullptr, "threads at unlike barriers end in an error");
  std::vector<int> lanes(16);
  error = emu::launch(partial_mask, {1, 1, 1}, {32, 1, 1}, 0, seed, lanes.data());
  expect(error != nullptr, "a warp operation of half a warp ends in an error");
}

static void shared_memory() {
  std::vector<float> out(64);
  expect(!emu::launch(uninitialised_shared, {1, 1, 1}, {64, 1, 1}, 256, seed, out.data()), "kernel runs");
  expect(out[0] != out[0] && out[1] == 0, "shared memory that nobody wrote reads as NaN");
  expect_error(emu::launch(shared_overrun, {1, 1, 1}, {1, 1, 1}, 64, seed, out.data(), 16), "behind the end");
}

static void copies() {
  std::vector<uint4> in(128), out(128);
  for (unsigned i = 0; i < 128; ++i) in[i] = {i, i + 1, i + 2, i + 3};
  expect(!emu::launch(async_copy, {1, 1, 1}, {128, 1, 1}, 0, seed, in.data(), out.data()), "kernel runs");
  expect(!memcmp(in.data(), out.data(), 128 * 16), "a copy that is waited for arrives");
  expect(!emu::launch(missing_wait, {1, 1, 1}, {128, 1, 1}, 0, seed, in.data(), out.data()), "kernel runs");
  expect(memcmp(in.data(), out.data(), 128 * 16) != 0, "a copy that is not waited for has not arrived");
}

static void blocks() {
  std::vector<float> x(10000, 1), partial(100), out(1);
  std::vector<int> ticket(1);
  expect(!emu::launch(last_block_reduces, {100, 1, 1}, {32, 1, 1}, 0, seed, x.data(), partial.data(), ticket.data(),
                      out.data(), 10000),
         "kernel runs");
  expect(out[0] == 10000, "the last block sees the sums of all blocks");
}

static void tiles() {
  std::mt19937 random{unsigned(seed) + 1};
  std::uniform_int_distribution<int> small(-8, 8); // products and sums are exact
  std::vector<bf16> a(256), b(128), bTransposed(128);
  for (auto& v : a) v = from_float<bf16>(float(small(random)));
  for (size_t i = 0; i < 128; ++i) {
    b[i] = from_float<bf16>(float(small(random)));
    bTransposed[i % 16 * 8 + i / 16] = b[i];
  }
  std::vector<float> c(128), cTransposed(128);
  expect(!emu::launch(one_tile, {1, 1, 1}, {32, 1, 1}, 0, seed, a.data(), b.data(), bTransposed.data(), c.data(),
                      cTransposed.data()),
         "kernel runs");
  for (size_t i = 0; i < 16; ++i) {
    for (size_t j = 0; j < 8; ++j) {
      float sum = 0;
      for (size_t k = 0; k < 16; ++k) sum += to_float(a[i * 16 + k]) * to_float(b[j * 16 + k]);
      expect(c[i * 8 + j] == sum && cTransposed[i * 8 + j] == sum, "an mma tile equals the plain product");
    }
  }
}

static void scalars() {
  expect(from_float<bf16>(1.0f).bits == 0x3f80 && from_float<f16>(1.0f).bits == 0x3c00, "one in bf16 and f16");
  expect(from_float<bf16>(1.00390625f).bits == 0x3f80, "bf16 rounds a tie to even");
  expect(to_float(from_float<f16>(65504.0f)) == 65504.0f && to_float(from_float<f16>(1e-7f)) > 0, "f16 at its ends");
  expect(exp2_approx(-INFINITY) == 0, "2^-inf is 0");
}

int main() {
  if (const char* s = getenv("EMU_SEED")) seed = strtoull(s, nullptr, 0);
  barriers();
  shared_memory();
  copies();
  blocks();
  tiles();
  scalars();
  emu::release_thread();
  printf("standin_test, seed %llu: %s\n", (unsigned long long)seed, failures ? "FAILED" : "all hold");
  return failures != 0;
}
