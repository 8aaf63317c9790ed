"""A small Llama: RMSNorm, rotary positions, grouped queries, SwiGLU, tied embeddings. f32 weights, bf16 arithmetic."""

import math
import shutil
from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import nn

import plain

BF16 = torch.bfloat16


@dataclass(frozen=True)
class Shape:
    vocab: int = 2048
    dim: int = 256
    layers: int = 6
    kv_heads: int = 2
    queries_per_kv: int = 2
    head_dim: int = 64
    ffn: int = 512
    context: int = 4096
    rope_base: float = 10000.0

    @property
    def heads(self):
        return self.kv_heads * self.queries_per_kv

    def dict(self):
        return asdict(self)


class Layer(nn.Module):
    def __init__(self, s: Shape):
        super().__init__()

        def matrix(rows, columns, gain=0.8):
            return nn.Parameter(torch.randn(rows, columns) * gain * columns**-0.5)

        self.attention_norm = nn.Parameter(torch.ones(s.dim))
        self.q = matrix(s.heads * s.head_dim, s.dim)
        self.k = matrix(s.kv_heads * s.head_dim, s.dim)
        self.v = matrix(s.kv_heads * s.head_dim, s.dim)
        self.o = matrix(s.dim, s.heads * s.head_dim, 0.24)
        self.ffn_norm = nn.Parameter(torch.ones(s.dim))
        self.gate = matrix(s.ffn, s.dim)
        self.up = matrix(s.ffn, s.dim)
        self.down = matrix(s.dim, s.ffn, 0.24)


class Llama(nn.Module):
    def __init__(self, shape: Shape, fused: bool | None = None):
        super().__init__()
        self.shape = shape
        self.embedding = nn.Parameter(torch.randn(shape.vocab, shape.dim) * 0.03)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.norm = nn.Parameter(torch.ones(shape.dim))
        angles = torch.outer(
            torch.arange(shape.context).float(),
            shape.rope_base ** (-torch.arange(0, shape.head_dim, 2).float() / shape.head_dim),
        )
        self.register_buffer("cosine", angles.cos().contiguous(), persistent=False)
        self.register_buffer("sine", angles.sin().contiguous(), persistent=False)
        self.fused = shutil.which("gcc") is not None if fused is None else fused

    def operations(self):
        if self.fused and self.embedding.device.type == "cpu":
            import fused

            return fused.RmsNorm.apply, fused.SwiGlu.apply, fused.Attention.apply, fused.WeightedLoss.apply
        return plain.rms_norm, plain.swiglu, plain.attention, plain.weighted_loss

    def hidden(self, tokens):
        """tokens [B, T] to the last layer's output [B T, dim], not normed."""
        s = self.shape
        rms_norm, swiglu, attention, _ = self.operations()
        B, T = tokens.shape
        x = F.embedding(tokens.reshape(-1), self.embedding.to(BF16))
        for layer in self.layers:
            y = rms_norm(x, layer.attention_norm)
            qkv = F.linear(y, torch.cat([layer.q, layer.k, layer.v]).to(BF16))
            y = attention(qkv, self.cosine, self.sine, B, T, s.kv_heads, s.queries_per_kv, s.head_dim)
            x = x + F.linear(y, layer.o.to(BF16))
            y = rms_norm(x, layer.ffn_norm)
            y = swiglu(F.linear(y, torch.cat([layer.gate, layer.up]).to(BF16)))
            x = x + F.linear(y, layer.down.to(BF16))
        return x

    def loss(self, tokens, target, weight):
        """Weighted sum of the losses at the positions with weight, those losses, and whether each was the first guess."""
        rms_norm, _, _, weighted_loss = self.operations()
        x = self.hidden(tokens)
        weight, target = weight.reshape(-1), target.reshape(-1)
        at = weight.nonzero().squeeze(1)
        y = rms_norm(x[at], self.norm)
        return weighted_loss(y, self.embedding.to(BF16), target[at], weight[at].contiguous(), torch.is_grad_enabled())

    @torch.no_grad()
    def logits(self, tokens):
        """f32 logits [T, vocab] of one sequence, computed in f32 throughout: what the exported file is judged by."""
        s = self.shape
        x = self.embedding[tokens]
        T = len(tokens)
        for layer in self.layers:
            y = plain.rms_norm(x, layer.attention_norm)
            qkv = F.linear(y, torch.cat([layer.q, layer.k, layer.v]))
            y = plain.attention(qkv, self.cosine, self.sine, 1, T, s.kv_heads, s.queries_per_kv, s.head_dim)
            x = x + F.linear(y, layer.o)
            y = plain.rms_norm(x, layer.ffn_norm)
            x = x + F.linear(plain.swiglu(F.linear(y, torch.cat([layer.gate, layer.up]))), layer.down)
        return F.linear(plain.rms_norm(x, self.norm), self.embedding)


class Optimiser:
    """Muon for matrices (momentum, orthogonalised by five Newton-Schulz steps), AdamW for embedding and norms."""

    def __init__(self, model: Llama, rate: float = 0.01, other_rate: float = 0.004):
        self.rate, self.other_rate = rate, other_rate
        self.matrices = [p for name, p in model.named_parameters() if p.ndim == 2 and name != "embedding"]
        others = [p for name, p in model.named_parameters() if p.ndim < 2 or name == "embedding"]
        self.others = others
        self.momenta = [torch.zeros_like(p) for p in self.matrices]
        self.adam = torch.optim.AdamW(others, lr=1.0, betas=(0.9, 0.98), weight_decay=0.0)

    @torch.no_grad()
    def step(self, factor: float, matrices=None, others: bool = True):
        """Updates the matrices of the given indices (all without any) and, if asked, the other parameters."""
        if others:
            for group in self.adam.param_groups:
                group["lr"] = self.other_rate * factor
            torch.nn.utils.clip_grad_norm_(self.others, 1.0)
            self.adam.step()
        rate = self.rate * factor
        for index in range(len(self.matrices)) if matrices is None else matrices:
            p, momentum = self.matrices[index], self.momenta[index]
            momentum.mul_(0.95).add_(p.grad, alpha=0.05)
            update = _orthogonal(p.grad * 0.05 + momentum * 0.95)
            p.mul_(1 - rate * 0.05)
            p.add_(update, alpha=-rate * max(1, p.shape[0] / p.shape[1]) ** 0.5)
        for p in self.matrices + self.others:
            p.grad = None


def _orthogonal(matrix):
    x = matrix.to(BF16)
    x = x / (x.norm() + 1e-7)
    tall = x.shape[0] > x.shape[1]
    if tall:
        x = x.t()
    for _ in range(5):
        a = x @ x.t()
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * (a @ a)) @ x
    return (x.t() if tall else x).float()


def parameters(model: nn.Module) -> int:
    return sum(math.prod(p.shape) for p in model.parameters())
