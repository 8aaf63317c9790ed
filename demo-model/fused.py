"""The kernels of fused.c as differentiable functions; built by the host's compiler at first use."""

import ctypes
import hashlib
import os
import subprocess
import tempfile
from pathlib import Path

import torch

BF16 = torch.bfloat16
_CHUNK = 256  # queries at once: the scores of later keys are not computed


def _library():
    source = Path(__file__).with_name("fused.c")
    digest = hashlib.sha256(source.read_bytes()).hexdigest()[:16]
    built = Path(tempfile.gettempdir()) / f"baton-demo-{os.getuid()}" / f"fused-{digest}.so"
    if not built.exists():
        built.parent.mkdir(mode=0o700, exist_ok=True)
        flags = "-O3 -march=native -mprefer-vector-width=512 -ffast-math -fopenmp -shared -fPIC".split()
        subprocess.run(["gcc", *flags, str(source), "-o", str(built), "-lm"], check=True)
    return ctypes.CDLL(str(built))


_c = _library()


def _at(tensor):
    return ctypes.c_void_p(tensor.data_ptr())


def _n(value):
    return ctypes.c_int64(value)


class RmsNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight):
        rows, width = x.shape
        y, scale = torch.empty_like(x), torch.empty(rows)
        _c.rms_norm(_at(x), _at(weight), _at(y), _at(scale), _n(rows), _n(width))
        ctx.save_for_backward(x, weight, scale)
        return y

    @staticmethod
    def backward(ctx, dy):
        x, weight, scale = ctx.saved_tensors
        dy = dy.contiguous()
        rows, width = x.shape
        dx, dw = torch.empty_like(x), torch.zeros(max(torch.get_num_threads(), os.cpu_count()), width)
        _c.rms_norm_back(_at(dy), _at(x), _at(weight), _at(scale), _at(dx), _at(dw), _n(rows), _n(width))
        return dx, dw.sum(0)


class SwiGlu(torch.autograd.Function):
    @staticmethod
    def forward(ctx, gate_up):
        rows, width = gate_up.shape
        hidden = torch.empty(rows, width // 2, dtype=BF16)
        _c.swiglu(_at(gate_up), _at(hidden), _n(rows), _n(width // 2))
        ctx.save_for_backward(gate_up)
        return hidden

    @staticmethod
    def backward(ctx, dh):
        (gate_up,) = ctx.saved_tensors
        dh, out = dh.contiguous(), torch.empty_like(gate_up)
        _c.swiglu_back(_at(gate_up), _at(dh), _at(out), _n(gate_up.shape[0]), _n(gate_up.shape[1] // 2))
        return out


class Attention(torch.autograd.Function):
    """Causal attention with rotary positions; qkv [B T, (KG + 2K) D] to [B T, KG D]."""

    @staticmethod
    def forward(ctx, qkv, cosine, sine, B, T, K, G, D):
        q = torch.empty(B * K, T * G, D, dtype=BF16)
        k, v = torch.empty(B * K, T, D, dtype=BF16), torch.empty(B * K, T, D, dtype=BF16)
        _c.rope_split(*map(_at, (qkv, q, k, v, cosine, sine)), *map(_n, (B, T, K, G, D, 0)))
        out = torch.empty_like(q)
        ctx.weights = []
        for a in range(0, T, _CHUNK):
            b = min(T, a + _CHUNK)
            scores = torch.bmm(q[:, a * G : b * G], k[:, :b].transpose(1, 2))
            _c.causal_softmax(_at(scores), *map(_n, (B * K, (b - a) * G, b, a, G)), ctypes.c_float(D**-0.5))
            out[:, a * G : b * G] = torch.bmm(scores, v[:, :b])
            ctx.weights.append(scores)
        ctx.saved = (q, k, v, cosine, sine, B, T, K, G, D)
        return out.view(B, K, T, G, D).permute(0, 2, 1, 3, 4).reshape(B * T, K * G * D)

    @staticmethod
    def backward(ctx, dout):
        q, k, v, cosine, sine, B, T, K, G, D = ctx.saved
        dout = dout.view(B, T, K, G, D).permute(0, 2, 1, 3, 4).reshape(B * K, T * G, D)
        dq, dk, dv = torch.empty_like(q), torch.zeros(k.shape), torch.zeros(v.shape)
        for i, a in enumerate(range(0, T, _CHUNK)):
            b = min(T, a + _CHUNK)
            weights, part = ctx.weights[i], dout[:, a * G : b * G]
            dv[:, :b] += torch.bmm(weights.transpose(1, 2), part)
            ds = torch.bmm(part, v[:, :b].transpose(1, 2))
            _c.causal_softmax_back(
                _at(weights), _at(ds), *map(_n, (B * K, (b - a) * G, b, a, G)), ctypes.c_float(D**-0.5)
            )
            dq[:, a * G : b * G] = torch.bmm(ds, k[:, :b])
            dk[:, :b] += torch.bmm(ds.transpose(1, 2), q[:, a * G : b * G])
        dk, dv = dk.to(BF16), dv.to(BF16)
        dqkv = torch.empty(B * T, (K * G + 2 * K) * D, dtype=BF16)
        _c.rope_split(*map(_at, (dqkv, dq, dk, dv, cosine, sine)), *map(_n, (B, T, K, G, D, 1)))
        ctx.weights = None
        return (dqkv,) + (None,) * 7


class WeightedLoss(torch.autograd.Function):
    """Sum of weighted cross-entropies of tied-embedding logits; the gradient is made on the way forward."""

    @staticmethod
    def forward(ctx, hidden, embedding, target, weight, train):
        rows, vocab = hidden.shape[0], embedding.shape[0]
        loss, right = torch.empty(rows), torch.empty(rows, dtype=torch.uint8)
        dhidden = torch.empty_like(hidden) if train else None
        dembedding = torch.zeros(embedding.shape)
        for a in range(0, rows, 4096):
            b = min(rows, a + 4096)
            logits = hidden[a:b] @ embedding.t()
            t, w = target[a:b].contiguous(), weight[a:b].contiguous()
            _c.cross_entropy(_at(logits), _at(t), _at(w), _at(loss[a:]), _at(right[a:]), _n(b - a), _n(vocab))
            if train:
                dhidden[a:b] = logits @ embedding
                dembedding += logits.t() @ hidden[a:b]
        ctx.gradients = (dhidden, dembedding.to(BF16))
        ctx.mark_non_differentiable(right)
        return (loss * weight).sum(), loss.detach(), right

    @staticmethod
    def backward(ctx, _g, _g2, _g3):
        return (*ctx.gradients, None, None, None)
