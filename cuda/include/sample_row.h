// How the next token of one row is chosen; plain C++, written by the host (mirrored in Java): 80 bytes.
#pragma once
#include <stdint.h>

struct SampleRow {
  double uniform;                         // in [0, 1): which of the kept tokens is drawn
  double log_min_p;                       // natural log of min-p's share; -inf keeps all
  double repetition, frequency, presence; // 1, 0, 0: no penalties
  float inverse_temperature;              // 0: the greatest logit, the lowest id of equals
  float top_p;                            // 1 keeps all
  int32_t top_k;                          // 0 keeps all
  int32_t seen_from, seen_to;             // tokens that penalties are about, ids of a row unlike
  int32_t bias_from, bias_to;             // likewise for logit_bias
  int32_t unused[3];
};
static_assert(sizeof(SampleRow) == 80, "mirrored in Java");

struct SampledToken {
  int32_t id;     // -1: the logits are no distribution (NaN, +inf or all -inf)
  float logit;    // the model's own, before bias and penalties
  float log_prob; // natural log of its softmax probability
  int32_t unsure; // 1: so near the border to another token that sums in double precision decide
};
