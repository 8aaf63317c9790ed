// The GPU benchmark: see cuda/bench/run.
//
// Prints sections as comma-separated lines, then a summary against what the project demands, last.
#include <cstring>

#include "products.h"

static void decode(const Setting& setting, Summary& summary) {
  heading("decode steps, random bf16 weights");
  printf("model,tenants,requests,context,system,relay,eager_ms,graph_ms,tokens_per_s,of_bytes_bound\n");
  std::vector<ModelShape> models{{"Llama-2-7B", 32, 4096, 11008, 32, 32, 32000},
                                 {"Llama-3.1-8B", 32, 4096, 14336, 32, 8, 128256}};
  std::vector<int> requests{1, 8, 32, 64, 128, 256}, systems{512, 2048, 4096}, tenants{1, 4, 16};
  int context = 256;
  if (setting.size == Size::QUICK) requests = {1, 32, 64}, systems = {2048}, tenants = {1, 4};
  if (setting.size == Size::TINY) {
    models = {{"tiny", 2, 64, 96, 2, 1, 200}};
    requests = {3, 70}, systems = {80}, tenants = {1, 2}, context = 20;
  }
  for (const ModelShape& shape : models) {
    if (shape.weights() + 2.0 * shape.vocab * shape.dim > setting.device.memoryBytes * 0.9) {
      printf("%s,skipped: %.1f GB of weights do not fit\n", shape.name, shape.weights() / 1e9);
      continue;
    }
    Model model(setting, shape);
    for (int count : tenants) {
      for (int b : requests) {
        for (int s : systems) {
          if (b < count) continue;
          OperatorShape o{shape.heads, shape.kvHeads, shape.headDim(), count, b, context, s};
          double kvBytes = double(blocks_of(o)) * BLOCK_TOKENS * shape.kvBytesPerToken();
          if (shape.weights() + kvBytes > setting.device.memoryBytes * 0.85) {
            printf("%s,%d,%d,%d,%d,skipped: %.1f GB of KV do not fit\n", shape.name, count, b, context, s,
                   kvBytes / 1e9);
            continue;
          }
          ModelStep step(setting, model, o);
          double rate[2];
          for (int on = 0; on < 2; ++on) {
            PlannedStep plan(step.plan(on ? Relay::WHERE_IT_PAYS : Relay::NEVER));
            double eager = seconds(setting, [&] { step.run(plan); });
            Graph graph([&] { step.run(plan); });
            double time = seconds(setting, [&] { graph.launch(); });
            double bytes = shape.weights() + (double(count) * s + double(b) * context) * shape.kvBytesPerToken();
            double bound = time / (bytes / setting.copyBandwidth);
            rate[on] = b / time;
            printf("%s,%d,%d,%d,%d,%s,%.3f,%.3f,%.0f,%.2f\n", shape.name, count, b, context, s, on ? "on" : "off",
                   eager * 1e3, time * 1e3, rate[on], bound);
            fflush(stdout);
            char text[160];
            if (on && b <= 64 && setting.size != Size::TINY) {
              snprintf(text, sizeof text, "%s, %d tenants, B %d, S %d: step %%.2f times its bytes at copy bandwidth",
                       shape.name, count, b, s);
              summary.add(text, bound, 1.25, false);
            }
            if (on && !strcmp(shape.name, "Llama-2-7B") && s == 2048 && b == 32 && count == 1) {
              summary.add("Llama-2-7B, B 32, S 2,048: relay gives %.2f times the tokens", rate[1] / rate[0], 2.5, true);
            }
          }
        }
      }
    }
  }
}

static void prefill(const Setting& setting) {
  heading("prefill, one sequence, own gemm (a library's is faster: the engine takes cuBLASLt where it is)");
  printf("model,chunk,start,ms,tokens_per_s,tflops\n");
  std::vector<ModelShape> models{{"Llama-2-7B", 32, 4096, 11008, 32, 32, 32000},
                                 {"Llama-3.1-8B", 32, 4096, 14336, 32, 8, 128256}};
  std::vector<int> chunks{512, 2048};
  if (setting.size == Size::TINY) models = {{"tiny", 2, 64, 96, 2, 1, 200}}, chunks = {90};
  for (const ModelShape& shape : models) {
    if (shape.weights() * 1.3 > setting.device.memoryBytes * 0.9) continue;
    Model model(setting, shape);
    for (int chunk : chunks) {
      for (int start : {0, chunk}) {
        ModelStep step(setting, model, {shape.heads, shape.kvHeads, shape.headDim(), 1, 1, start + chunk, 0}, chunk);
        PlannedStep plan(step.plan(Relay::NEVER));
        double time = seconds(setting, [&] { step.run(plan); });
        printf("%s,%d,%d,%.2f,%.0f,%.1f\n", shape.name, chunk, start, time * 1e3, chunk / time,
               chunk * shape.weights() / time / 1e12);
        fflush(stdout);
      }
    }
  }
}

int main(int argc, char** argv) {
  Setting setting{argc > 1 && !strcmp(argv[1], "full")    ? Size::FULL
                  : argc > 1 && !strcmp(argv[1], "quick") ? Size::QUICK
                                                          : Size::TINY,
                  open_device()};
  printf("device: %s, %d multiprocessors, %.1f GB free, %.0f MB L2\n", setting.device.name.c_str(),
         setting.device.multiprocessors, setting.device.memoryBytes / 1e9, setting.device.cacheBytes / 1e6);
  Summary summary;
  ceilings(setting);
  bool agree = operators(setting, summary, argc > 2 ? argv[2] : "");
  products(setting);
  decode(setting, summary);
  prefill(setting);
  heading("summary");
  printf("%-8s relayed and plain attention agree\n", agree ? "met" : "MISSED");
  for (const std::string& line : summary.lines) printf("%s\n", line.c_str());
  return agree ? 0 : 1;
}
