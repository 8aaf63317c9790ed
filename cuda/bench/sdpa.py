"""PyTorch's scaled-dot-product attention on the shapes of the relay operator: each request reads system and own keys.

Also a library's matmul as the ceiling of products. Prints comma-separated lines; needs torch with CUDA.
"""
import sys

import torch
import torch.nn.functional as F


def seconds(work, group=10, groups=7):
    for _ in range(3):
        work()
    times = []
    for _ in range(groups):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        for _ in range(group):
            work()
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end) / 1000 / group)
    return sorted(times)[len(times) // 2]


def main(size):
    x = torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16)
    print(f"matmul 8192^3: {2 * 8192 ** 3 / seconds(lambda: x @ x) / 1e12:.1f} TFLOP/s (torch {torch.__version__})")
    print("heads,requests,context,system,sdpa_us")
    requests, systems = [1, 4, 8, 16, 32, 64, 128], [64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384]
    if size == "quick":
        requests, systems = [1, 16, 64], [128, 1024, 4096]
    for heads, kv_heads in [(52, 52), (32, 8)]:
        for context in [128, 256]:
            for b in requests:
                for s in systems:
                    shape = (b, kv_heads, s + context, 128)
                    if 4 * b * kv_heads * (s + context) * 128 > torch.cuda.mem_get_info()[0] * 0.8:
                        print(f"{heads}/{kv_heads},{b},{context},{s},skipped")
                        continue
                    q = torch.randn(b, heads, 1, 128, device="cuda", dtype=torch.bfloat16)
                    k = torch.randn(shape, device="cuda", dtype=torch.bfloat16)
                    v = torch.randn(shape, device="cuda", dtype=torch.bfloat16)
                    time = seconds(lambda: F.scaled_dot_product_attention(q, k, v, enable_gqa=heads != kv_heads))
                    print(f"{heads}/{kv_heads},{b},{context},{s},{time * 1e6:.2f}", flush=True)


main(sys.argv[1] if len(sys.argv) > 1 else "full")
