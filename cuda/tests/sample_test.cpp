// Sampling against a sort in double precision, with the order and ties of the engine's sampler.
#include "kernel_test.h"
#include "sample.cu"

struct Request {
  SampleRow row;
  std::vector<int> seen, counts, biased;
  std::vector<float> biases;
};

constexpr double NEAR = 5e-5; // farther from a border, of the sum, a row must be sure

// The ids that may be drawn, in order of id, with their weights; one id when the temperature is 0. close: a border of
// top-p is near.
std::vector<std::pair<int, double>> candidates(std::vector<float> logits, const Request& r, bool* close) {
  for (size_t i = 0; i < r.biased.size(); ++i) logits[size_t(r.biased[i])] += r.biases[i];
  for (size_t i = 0; i < r.seen.size(); ++i) {
    double x = logits[size_t(r.seen[i])];
    x = x > 0 ? x / r.row.repetition : x * r.row.repetition;
    x -= double(r.counts[i]) * r.row.frequency;
    x -= r.counts[i] > 0 ? r.row.presence : 0;
    logits[size_t(r.seen[i])] = float(x);
  }
  std::vector<int> order(logits.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = int(i);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return logits[size_t(a)] > logits[size_t(b)]; });
  double max = logits[size_t(order[0])];
  if (r.row.inverse_temperature == 0) return {{order[0], 1}};
  if (r.row.top_k > 0) order.resize(std::min(order.size(), size_t(r.row.top_k)));
  auto weight = [&](int id) { return std::exp(logits[size_t(id)] - max); };
  if (r.row.top_p < 1) {
    double total = 0, sum = 0;
    for (int id : order) total += weight(id);
    size_t kept = 0;
    while (kept < order.size() && sum < double(r.row.top_p) * total) {
      sum += weight(order[kept++]);
      *close |= std::abs(sum - double(r.row.top_p) * total) < NEAR * total;
    }
    order.resize(std::max<size_t>(1, kept));
  }
  while (logits[size_t(order.back())] < float(max + r.row.log_min_p)) order.pop_back();
  std::sort(order.begin(), order.end());
  std::vector<std::pair<int, double>> kept;
  for (int id : order) kept.push_back({id, std::exp((logits[size_t(id)] - max) * r.row.inverse_temperature)});
  return kept;
}

Request request(int vocab, float temperature, int topK, float topP, float minP, bool penalties) {
  Request r{};
  r.row.uniform = std::uniform_real_distribution<double>(0, 1)(generator);
  r.row.inverse_temperature = temperature == 0 ? 0 : 1 / temperature;
  r.row.top_k = topK, r.row.top_p = topP, r.row.log_min_p = std::log(double(minP));
  r.row.repetition = penalties ? 1.3 : 1, r.row.frequency = penalties ? 0.4 : 0, r.row.presence = penalties ? 0.2 : 0;
  for (int id = 3; penalties && id < vocab; id += random_int(1, vocab / 3 + 1)) {
    r.seen.push_back(id);
    r.counts.push_back(random_int(0, 3));
    if (random_int(0, 1)) r.biased.push_back(id), r.biases.push_back(random_normal(3));
  }
  return r;
}

void samples(const std::string& name, int vocab, bool ties, std::vector<Request> requests) {
  test_case("sample " + name, [&] {
    int count = int(requests.size());
    std::vector<float> logits = random_vector(size_t(vocab * count), 4);
    for (float& x : logits) {
      if (ties) x = std::round(x / 2);
      if (random_int(0, 30) == 0) x = -INFINITY;
      if (x == 0 && random_int(0, 1)) x = -0.0f;
    }
    for (int i = 0; i < count; ++i) logits[size_t(i * vocab)] = 1; // one is possible
    std::vector<SampleRow> rows;
    std::vector<int> seen, counts, biased;
    std::vector<float> biases;
    for (Request& r : requests) {
      r.row.seen_from = int(seen.size()), r.row.bias_from = int(biased.size());
      seen.insert(seen.end(), r.seen.begin(), r.seen.end());
      counts.insert(counts.end(), r.counts.begin(), r.counts.end());
      biased.insert(biased.end(), r.biased.begin(), r.biased.end());
      biases.insert(biases.end(), r.biases.begin(), r.biases.end());
      r.row.seen_to = int(seen.size()), r.row.bias_to = int(biased.size());
      rows.push_back(r.row);
    }
    std::vector<float> before = logits, seenSaved(seen.size()), biasSaved(biased.size());
    std::vector<SampledToken> sampled(static_cast<size_t>(count));
    std::vector<int> tokens(size_t(count), -9), rowCount{count};
    run(sample, {unsigned(count + 1), 1, 1}, {1024, 1, 1}, 0, logits.data(), rows.data(), seen.data(), counts.data(),
        seenSaved.data(), biased.data(), biases.data(), biasSaved.data(), sampled.data(), tokens.data(),
        rowCount.data(), vocab);
    if (memcmp(logits.data(), before.data(), logits.size() * 4)) fault("the logits are not as before");
    for (int i = 0; i < count; ++i) {
      std::vector<float> own(before.begin() + i * vocab, before.begin() + (i + 1) * vocab);
      const Request& r = requests[size_t(i)];
      bool close = false;
      auto kept = candidates(own, r, &close);
      double total = 0, sum = 0;
      for (auto& [id, weight] : kept) total += weight;
      int expected = kept.back().first;
      for (auto& [id, weight] : kept) {
        close |= std::abs(sum + weight - r.row.uniform * total) < NEAR * total;
        if (sum + weight > r.row.uniform * total) {
          expected = id;
          break;
        }
        sum += weight;
      }
      SampledToken found = sampled[size_t(i)];
      close |= r.row.uniform < NEAR;
      if (!found.unsure) expect_equal(found.id, expected, at("token of row", i, r.row.top_k));
      if (!close) expect_equal(found.unsure, 0, at("sure of row", i, r.row.top_k));
      expect_equal(tokens[size_t(i)], found.id, "the next step's token");
      double max = *std::max_element(own.begin(), own.end()), mass = 0;
      for (float x : own) mass += std::exp(x - max);
      expect_near(found.logit, own[size_t(found.id)], 0, 0, "logit");
      expect_near(found.log_prob, own[size_t(found.id)] - max - std::log(mass), 1e-5, 1e-5, "log-probability");
    }
  });
}

// Four equal tokens: every border is known exactly, and a number on one is unsure.
void isUnsureAtBorders() {
  test_case("sample at the borders of shares", [] {
    for (int top_p = 0; top_p < 2; ++top_p) {
      for (int eighth = 1; eighth < 8; ++eighth) {
        std::vector<float> logits(4, 1.5f);
        Request r = request(4, 1, 0, 1, 0, false);
        r.row.uniform = top_p ? 0.1 : eighth / 8.0;
        if (top_p) r.row.top_p = float(eighth) / 8;
        std::vector<SampleRow> parameters{r.row};
        std::vector<SampledToken> sampled(1);
        std::vector<int> tokens(1), rows{1};
        run(sample, {1, 1, 1}, {1024, 1, 1}, 0, logits.data(), parameters.data(), nullptr, nullptr, nullptr, nullptr,
            nullptr, nullptr, sampled.data(), tokens.data(), rows.data(), 4);
        expect_equal(sampled[0].unsure, int(eighth % 2 == 0), at(top_p ? "top-p" : "uniform", eighth, 8));
      }
    }
  });
}

void refuses() {
  test_case("sample of what is no distribution", [] {
    for (float bad : {NAN, INFINITY, -INFINITY}) {
      std::vector<float> logits(50, bad == -INFINITY ? bad : 1.0f);
      logits[7] = bad;
      Request r = request(50, 1, 0, 1, 0, false);
      std::vector<SampleRow> parameters{r.row};
      std::vector<SampledToken> sampled(1);
      std::vector<int> tokens(1), rows{1};
      run(sample, {1, 1, 1}, {1024, 1, 1}, 0, logits.data(), parameters.data(), nullptr, nullptr, nullptr, nullptr,
          nullptr, nullptr, sampled.data(), tokens.data(), rows.data(), 50);
      expect_equal(sampled[0].id, -1, "token");
    }
  });
}

int main() {
  start();
  for (int vocab : {1, 33, 5000}) {
    for (bool ties : {false, true}) {
      std::string of = " of " + std::to_string(vocab) + (ties ? " with ties" : "");
      auto make = [&](auto... settings) {
        std::vector<Request> made;
        for (int i = 0; i < 3; ++i) made.push_back(request(vocab, settings...));
        return made;
      };
      samples("greedy" + of, vocab, ties, make(0.f, 0, 1.f, 0.f, true));
      samples("all" + of, vocab, ties, make(1.f, 0, 1.f, 0.f, false));
      samples("top-k" + of, vocab, ties, make(0.7f, 20, 1.f, 0.f, true));
      samples("top-p" + of, vocab, ties, make(1.5f, 0, 0.8f, 0.f, false));
      samples("top-k, top-p, min-p" + of, vocab, ties, make(2.f, 40, 0.9f, 0.05f, true));
    }
  }
  isUnsureAtBorders();
  refuses();
  return finish("sample_test");
}
