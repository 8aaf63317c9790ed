// Chooses the next token of each row: logit bias, penalties, then the greatest logit, or top-k, top-p, min-p,
// temperature and a draw, in the order and with the ties of dev.baton.engine.sampling.Sampler (lower ids first among
// equals).
//
// logits [rows, V] f32, changed while the kernel runs and restored; parameters [rows]; seen_ids, seen_counts [..] i32
// (counts in the output; 0 for tokens of the prompt only) and bias_ids [..] i32, bias_values [..] f32, what parameters
// point into; seen_saved, bias_saved: scratch f32 of their lengths; sampled [rows]; tokens [rows] i32: the ids again,
// where the next step's embedding reads them. row_count: rows of this step, in device memory.
//
// One block a row. What top-k and top-p keep is a beginning of the order by falling logit; its last token is found by
// radix selection over the bits of the logits, 11, 11 and 10 at a time, adding up counts or probabilities by bits; the
// draw walks the ids in order. Probabilities are added as integers of 2^-40, exactly and so in any order. Reads the row
// about 3 to 10 times, from L2 after the first: latency of shared atomics is the bound, some 100 us beside milliseconds
// of a step.
//
// The token is Sampler's for the same uniform number: bias and penalties are its operations one by one, and where a
// share falls within SAMPLE_MARGIN of a border, the row says that it is unsure. Probabilities are off by a relative
// 2 ulp of expf, and by 2^-24 times the exponent for its difference, its factor and their product: less than 2.4e-7 +
// 1.8e-7 |x|, where |x| beyond 17 counts for nothing in a share; twice that, for a border and for the sum.
#include "reduce.h"
#include "sample_row.h"

using Weight = unsigned long long;
constexpr int SAMPLE_THREADS = 1024;
constexpr int SAMPLE_BINS = 2048;
constexpr float WEIGHT_ONE = 1099511627776.0f; // 2^40
constexpr int SAMPLE_MARGIN = 17;              // borders nearer than 2^-17 of the sum are unsure

// Rises, unsigned, as the logit falls; equal for 0 and -0.
DEVICE uint32_t falling_key(float logit) {
  uint32_t bits = __float_as_uint(logit + 0.0f);
  return bits >> 31 ? bits : bits ^ 0x7fffffffu;
}
DEVICE float key_logit(uint32_t key) { return __uint_as_float(key >> 31 ? key : key ^ 0x7fffffffu); }

// Shared memory of one row's block.
struct SampleScratch {
  Weight bins[SAMPLE_BINS];
  Weight sums[32]; // by warp
  float values[32];
  uint32_t bin;
  Weight missing;
  int id;
  Weight under, over; // of locate: from the borders of the id's share to the target
};

struct RowSampler {
  const float* logits;
  int vocab;
  float max; // of the adjusted logits
  SampleScratch* scratch;
  float least = -INFINITY; // the smallest kept logit
  int lastId = 0x7fffffff; // the last kept of its equals
  bool unsure = false;

  DEVICE bool keeps(float logit, int id) const { return logit > least || (logit == least && id <= lastId); }
  DEVICE Weight probability(float logit, float inverse_temperature) const {
    return Weight(expf((logit - max) * inverse_temperature) * WEIGHT_ONE);
  }

  // Ids of a warp: [from, to), so that ids rise with the warp's number.
  DEVICE int from(int warp) const { return int((long long)vocab * warp / 32); }

  // Sum of weight(logit, id) over all ids; every thread gets it.
  template <class Of> DEVICE Weight total(Of weight) {
    Weight sum = 0;
    int warp = threadIdx.x / 32;
    for (int id = from(warp) + int(threadIdx.x) % 32; id < from(warp + 1); id += 32) sum += weight(logits[id], id);
    for (int bits = 16; bits; bits >>= 1) sum += __shfl_xor_sync(FULL_WARP, sum, bits);
    __syncthreads();
    if (threadIdx.x % 32 == 0) scratch->sums[warp] = sum;
    __syncthreads();
    Weight all = 0;
    for (int w = 0; w < 32; ++w) all += scratch->sums[w];
    return all;
  }

  // The first id, in order, at which the sum of weights up to and with it exceeds `target`, which is less than their
  // total.
  template <class Of> DEVICE int locate(Weight target, Of weight) {
    total(weight); // leaves the warps' sums
    int warp = threadIdx.x / 32, lane = threadIdx.x % 32, owner = 0;
    for (; owner < 31 && target >= scratch->sums[owner]; ++owner) target -= scratch->sums[owner];
    if (warp == owner) {
      bool found = false;
      for (int base = from(warp); base < from(warp + 1) && !found; base += 32) {
        int id = base + lane;
        Weight own = id < from(warp + 1) ? weight(logits[id], id) : 0, upTo = own;
        for (int delta = 1; delta < 32; delta <<= 1) {
          Weight before = __shfl_up_sync(FULL_WARP, upTo, delta);
          if (lane >= delta) upTo += before;
        }
        unsigned over = __ballot_sync(FULL_WARP, upTo > target);
        found = over != 0;
        if (found && lane == __ffs(int(over)) - 1) {
          scratch->id = id, scratch->under = target - (upTo - own), scratch->over = upTo - target;
        }
        target -= __shfl_sync(FULL_WARP, upTo, 31);
      }
    }
    __syncthreads();
    return scratch->id;
  }

  // Keeps the fewest of the kept tokens, likeliest first, whose weights reach `wanted` (at least 1, at most their
  // total); unsure where that is nearer than `margin` to one token more or fewer.
  template <class Of> DEVICE void cut(Weight wanted, Weight margin, Of weight) {
    const int shifts[3] = {21, 10, 0}, widths[3] = {11, 11, 10};
    uint32_t prefix = 0;
    Weight missing = wanted;
    for (int level = 0; level < 3; ++level) {
      int shift = shifts[level], width = widths[level];
      __syncthreads();
      for (int i = threadIdx.x; i < SAMPLE_BINS; i += SAMPLE_THREADS) scratch->bins[i] = 0;
      __syncthreads();
      for (int id = threadIdx.x; id < vocab; id += SAMPLE_THREADS) {
        uint32_t key = falling_key(logits[id]);
        if (!keeps(logits[id], id) || (level > 0 && key >> (shift + width) != prefix)) continue;
        Weight own = weight(logits[id], id);
        if (own) atomicAdd(&scratch->bins[key >> shift & ((1u << width) - 1)], own);
      }
      __syncthreads();
      find_bin(missing);
      prefix = prefix << width | scratch->bin;
      missing = scratch->missing;
    }
    // Equal logits have equal weights: as many of them as are missing.
    float logit = key_logit(prefix);
    Weight one = weight(logit, 0), count = (missing + one - 1) / one, over = count * one - missing;
    unsure = unsure || over < margin || one - over <= margin;
    int last = locate(count - 1, [&](float x, int id) { return Weight(x == logit && keeps(x, id)); });
    least = logit;
    lastId = last;
    __syncthreads();
  }

  // The first bin at which the sum of bins reaches `missing`, and how much of it that bin must give.
  DEVICE void find_bin(Weight missing) {
    if (threadIdx.x < 32) {
      const int lane = threadIdx.x, perLane = SAMPLE_BINS / 32;
      Weight own = 0;
      for (int i = 0; i < perLane; ++i) own += scratch->bins[lane * perLane + i];
      Weight upTo = own;
      for (int delta = 1; delta < 32; delta <<= 1) {
        Weight before = __shfl_up_sync(FULL_WARP, upTo, delta);
        if (lane >= delta) upTo += before;
      }
      unsigned reached = __ballot_sync(FULL_WARP, upTo >= missing);
      if (reached && lane == __ffs(int(reached)) - 1) {
        Weight before = upTo - own;
        int bin = lane * perLane;
        for (; before + scratch->bins[bin] < missing; ++bin) before += scratch->bins[bin];
        scratch->bin = uint32_t(bin);
        scratch->missing = missing - before;
      }
    }
    __syncthreads();
  }
};

// launch: grid (rows of the bucket), block 1024, shared 0
KERNEL __launch_bounds__(SAMPLE_THREADS)
    sample(float* logits, const SampleRow* parameters, const int* seen_ids, const int* seen_counts, float* seen_saved,
           const int* bias_ids, const float* bias_values, float* bias_saved, SampledToken* sampled, int* tokens,
           const int* row_count, int vocab) {
  SHARED(SampleScratch, scratch, 1);
  const int row = blockIdx.x, tid = threadIdx.x, warp = tid / 32;
  if (row >= *row_count) return;
  const SampleRow p = parameters[row];
  float* own = logits + (long long)row * vocab;

  // Greatest value of all threads; a NaN counts as +inf.
  auto greatest = [&]() {
    float max = -INFINITY;
    for (int id = tid; id < vocab; id += SAMPLE_THREADS) max = fmaxf(max, own[id] != own[id] ? INFINITY : own[id]);
    max = warp_max(max);
    __syncthreads();
    if (tid % 32 == 0) scratch->values[warp] = max;
    __syncthreads();
    for (int w = 0; w < 32; ++w) max = fmaxf(max, scratch->values[w]);
    return max;
  };

  RowSampler sampler{own, vocab, greatest(), scratch};
  if (sampler.max == INFINITY || sampler.max == -INFINITY) {
    if (tid == 0) sampled[row] = {-1, sampler.max, 0, 0}, tokens[row] = 0;
    return;
  }
  float before = sampler.max;
  double sum = double(sampler.total([&](float x, int) { return sampler.probability(x, 1); })) / WEIGHT_ONE;

  for (int i = p.seen_from + tid; i < p.seen_to; i += SAMPLE_THREADS) seen_saved[i] = own[seen_ids[i]];
  for (int i = p.bias_from + tid; i < p.bias_to; i += SAMPLE_THREADS) bias_saved[i] = own[bias_ids[i]];
  __syncthreads();
  for (int i = p.bias_from + tid; i < p.bias_to; i += SAMPLE_THREADS) own[bias_ids[i]] += bias_values[i];
  __syncthreads();
  for (int i = p.seen_from + tid; i < p.seen_to; i += SAMPLE_THREADS) {
    double x = own[seen_ids[i]];
    x = x > 0 ? x / p.repetition : x * p.repetition;
    x = __dsub_rn(x, __dmul_rn(double(seen_counts[i]), p.frequency)); // not fused: rounded as on the host
    x = __dsub_rn(x, seen_counts[i] > 0 ? p.presence : 0);
    const double largest = 3.4028234663852886e38; // only what was infinite stays so
    own[seen_ids[i]] = float(x == -INFINITY || x == INFINITY ? x : fmin(fmax(x, -largest), largest));
  }
  __syncthreads();

  sampler.max = greatest();
  int id;
  if (p.inverse_temperature == 0) {
    id = sampler.locate(0, [&](float x, int) { return Weight(x == sampler.max); });
  } else {
    if (p.top_k > 0 && p.top_k < vocab) sampler.cut(Weight(p.top_k), 0, [](float, int) { return Weight(1); });
    auto likely = [&](float x, int i) { return sampler.keeps(x, i) ? sampler.probability(x, 1) : Weight(0); };
    if (p.top_p < 1) {
      Weight kept = sampler.total(likely), wanted = Weight(double(p.top_p) * double(kept));
      sampler.cut(wanted ? wanted : 1, kept >> SAMPLE_MARGIN, [&](float x, int) { return sampler.probability(x, 1); });
    }
    float threshold = float(double(sampler.max) + p.log_min_p);
    if (threshold > sampler.least) sampler.least = threshold, sampler.lastId = 0x7fffffff;
    auto drawn = [&](float x, int i) {
      return sampler.keeps(x, i) ? sampler.probability(x, p.inverse_temperature) : Weight(0);
    };
    Weight kept = sampler.total(drawn), target = Weight(p.uniform * double(kept));
    id = sampler.locate(target < kept ? target : kept - 1, drawn);
    const Weight margin = kept >> SAMPLE_MARGIN;
    sampler.unsure = sampler.unsure || scratch->under < margin || scratch->over <= margin;
  }

  __syncthreads();
  for (int i = p.seen_from + tid; i < p.seen_to; i += SAMPLE_THREADS) own[seen_ids[i]] = seen_saved[i];
  for (int i = p.bias_from + tid; i < p.bias_to; i += SAMPLE_THREADS) own[bias_ids[i]] = bias_saved[i];
  __syncthreads();
  if (tid == 0) {
    sampled[row] = {id, own[id], float(own[id] - before - log(sum)), int(sampler.unsure)};
    tokens[row] = id;
  }
}
EXPORT_KERNEL(sample)
