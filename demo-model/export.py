"""Writes a trained checkpoint as a GGUF file, and logits of it to judge an engine by."""

import argparse
import json
import struct
import sys
from pathlib import Path

import numpy as np
import torch

from model import Llama, Shape
from tokenizer import ASSISTANT, BEGIN, CONTROL, END, PAD, Tokenizer

NAME = "Baton Demo"
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '" + ASSISTANT + "' }}{% endif %}"
)

UINT32, FLOAT32, BOOL, STRING, ARRAY, INT32 = 4, 6, 7, 8, 9, 5
F32, F16, Q8_0 = 0, 1, 8
ALIGNMENT = 32


class Gguf:
    """A GGUF v3 file: metadata and tensors in the order they are given."""

    def __init__(self):
        self.fields, self.tensors = [], []

    def put(self, key, kind, value):
        self.fields.append(_text(key) + struct.pack("<I", kind) + _value(kind, value))

    def put_array(self, key, kind, values):
        body = struct.pack("<IQ", kind, len(values)) + b"".join(_value(kind, v) for v in values)
        self.fields.append(_text(key) + struct.pack("<I", ARRAY) + body)

    def tensor(self, name, kind, array):
        """A row-major [rows, columns] matrix or a vector."""
        data = {F32: _f32, F16: _f16, Q8_0: _q8_0}[kind](array)
        self.tensors.append((name, kind, array.shape, data))

    def write(self, file: Path):
        head = b"GGUF" + struct.pack("<IQQ", 3, len(self.tensors), len(self.fields)) + b"".join(self.fields)
        offset = 0
        for name, kind, shape, data in self.tensors:
            dims = shape[::-1]
            head += _text(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, kind, offset)
            offset += _padded(len(data))
        with file.open("wb") as out:
            out.write(head.ljust(_padded(len(head)), b"\0"))
            for _, _, _, data in self.tensors:
                out.write(data.ljust(_padded(len(data)), b"\0"))


def _padded(size):
    return -(-size // ALIGNMENT) * ALIGNMENT


def _text(text):
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _value(kind, value):
    if kind == STRING:
        return _text(value)
    return struct.pack({UINT32: "<I", INT32: "<i", FLOAT32: "<f", BOOL: "<?"}[kind], value)


def _f32(array):
    return array.astype("<f4").tobytes()


def _f16(array):
    return array.astype("<f2").tobytes()


def quantised(array):
    """Q8_0: f16 scale and 32 integers a block; returns scales [n, 1] and integers [n, 32]."""
    blocks = array.astype(np.float32).reshape(-1, 32)
    scale = np.abs(blocks).max(1, keepdims=True) / 127
    inverse = np.divide(1, scale, out=np.zeros_like(scale), where=scale > 0)
    return scale.astype("<f2"), np.rint(blocks * inverse).astype(np.int8)


def _q8_0(array):
    scale, integers = quantised(array)
    return np.concatenate([scale.view(np.uint8), integers.view(np.uint8)], 1).tobytes()


def as_stored(array, kind):
    """What an engine reads back."""
    if kind == F16:
        return array.astype(np.float16).astype(np.float32)
    scale, integers = quantised(array)
    return (scale.astype(np.float32) * integers).reshape(array.shape)


def interleaved(matrix, heads):
    """Rows of a query or key matrix in the order that Llama files have: rotated pairs side by side."""
    rows, columns = matrix.shape
    return matrix.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def printable_bytes():
    """The characters that byte-level BPE writes bytes as."""
    kept = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    moved = [b for b in range(256) if b not in kept]
    return {b: chr(b) for b in kept} | {b: chr(256 + i) for i, b in enumerate(moved)}


def refuse(faults):
    if faults:
        sys.exit("this checkpoint can not be exported:\n" + "\n".join("- " + f for f in faults))


def check(shape: Shape, weights: dict, tokenizer: Tokenizer):
    faults = []
    if tokenizer.size != shape.vocab:
        faults.append(f"the tokenizer has {tokenizer.size} tokens, the embedding {shape.vocab} rows: they were not made together")
    for i in (shape.dim, shape.ffn, shape.heads * shape.head_dim):
        if i % 32:
            faults.append(f"a width of {i} is no multiple of 32, the block of Q8_0")
    expected = {name: tuple(p.shape) for name, p in Llama(shape, fused=False).named_parameters()}
    for name, dims in expected.items():
        if name not in weights:
            faults.append(f"{name} is missing")
        elif tuple(weights[name].shape) != dims:
            faults.append(f"{name} is {tuple(weights[name].shape)}, its shape says {dims}")
        elif not bool(torch.isfinite(weights[name]).all()):
            faults.append(f"{name} has values that are not finite: train again from an earlier checkpoint")
    refuse(faults)


def write_model(shape: Shape, weights: dict, tokenizer: Tokenizer, kind: int, file: Path):
    gguf = Gguf()
    gguf.put("general.architecture", STRING, "llama")
    gguf.put("general.name", STRING, NAME)
    gguf.put("general.license", STRING, "apache-2.0")
    gguf.put("llama.vocab_size", UINT32, shape.vocab)
    gguf.put("llama.context_length", UINT32, shape.context)
    gguf.put("llama.embedding_length", UINT32, shape.dim)
    gguf.put("llama.block_count", UINT32, shape.layers)
    gguf.put("llama.feed_forward_length", UINT32, shape.ffn)
    gguf.put("llama.attention.head_count", UINT32, shape.heads)
    gguf.put("llama.attention.head_count_kv", UINT32, shape.kv_heads)
    gguf.put("llama.attention.key_length", UINT32, shape.head_dim)
    gguf.put("llama.attention.value_length", UINT32, shape.head_dim)
    gguf.put("llama.rope.dimension_count", UINT32, shape.head_dim)
    gguf.put("llama.rope.freq_base", FLOAT32, shape.rope_base)
    gguf.put("llama.attention.layer_norm_rms_epsilon", FLOAT32, 1e-5)
    gguf.put("general.file_type", UINT32, 7 if kind == Q8_0 else 1)
    letters = printable_bytes()
    texts = ["".join(letters[b] for b in token) for token in tokenizer.bytes_of]
    gguf.put("tokenizer.ggml.model", STRING, "gpt2")
    gguf.put("tokenizer.ggml.pre", STRING, "llama-bpe")
    gguf.put_array("tokenizer.ggml.tokens", STRING, texts + CONTROL)
    gguf.put_array("tokenizer.ggml.token_type", INT32, [1] * len(texts) + [3] * len(CONTROL))
    gguf.put_array("tokenizer.ggml.merges", STRING, [f"{texts[a]} {texts[b]}" for a, b in tokenizer.merges])
    gguf.put("tokenizer.ggml.bos_token_id", UINT32, tokenizer.control[BEGIN])
    gguf.put("tokenizer.ggml.eos_token_id", UINT32, tokenizer.control[END])
    gguf.put("tokenizer.ggml.padding_token_id", UINT32, tokenizer.control[PAD])
    gguf.put("tokenizer.ggml.add_bos_token", BOOL, True)
    gguf.put("tokenizer.chat_template", STRING, CHAT_TEMPLATE)

    def of(name):
        return weights[name].float().numpy()

    gguf.tensor("token_embd.weight", kind, of("embedding"))
    for i in range(shape.layers):
        mine, theirs = f"layers.{i}.", f"blk.{i}."
        gguf.tensor(theirs + "attn_norm.weight", F32, of(mine + "attention_norm"))
        gguf.tensor(theirs + "attn_q.weight", kind, interleaved(of(mine + "q"), shape.heads))
        gguf.tensor(theirs + "attn_k.weight", kind, interleaved(of(mine + "k"), shape.kv_heads))
        gguf.tensor(theirs + "attn_v.weight", kind, of(mine + "v"))
        gguf.tensor(theirs + "attn_output.weight", kind, of(mine + "o"))
        gguf.tensor(theirs + "ffn_norm.weight", F32, of(mine + "ffn_norm"))
        gguf.tensor(theirs + "ffn_gate.weight", kind, of(mine + "gate"))
        gguf.tensor(theirs + "ffn_up.weight", kind, of(mine + "up"))
        gguf.tensor(theirs + "ffn_down.weight", kind, of(mine + "down"))
    gguf.tensor("output_norm.weight", F32, of("norm"))
    gguf.write(file)


def write_logits(shape, weights, tokenizer, kind, text, file: Path):
    """The file's logits after a text, by PyTorch in f32 on the weights as they are stored."""
    model = Llama(shape, fused=False)
    matrices = {n: torch.from_numpy(as_stored(w.float().numpy(), kind)) if w.ndim == 2 else w for n, w in weights.items()}
    model.load_state_dict(matrices)
    ids = [tokenizer.control[BEGIN], *tokenizer.encode(text)]
    logits = model.logits(torch.tensor(ids))[-1]
    file.write_text(json.dumps({"ids": ids, "text": text, "logits": [round(float(x), 5) for x in logits]}))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="source", default="build", help="folder of checkpoint and tokenizer")
    parser.add_argument("--type", choices=["q8_0", "f16"], default="q8_0")
    parser.add_argument("--to", default="build/baton-demo.gguf")
    parser.add_argument("--logits", help="also write logits of the exported weights to this file")
    options = parser.parse_args()
    source = Path(options.source)
    for needed in ("checkpoint.pt", "tokenizer.json"):
        if not (source / needed).exists():
            sys.exit(f"{source / needed} is missing: train first with train.py --out {source}")
    saved = torch.load(source / "checkpoint.pt")
    shape, tokenizer = Shape(**saved["shape"]), Tokenizer.load(source / "tokenizer.json")
    check(shape, saved["model"], tokenizer)
    kind = Q8_0 if options.type == "q8_0" else F16
    target = Path(options.to)
    write_model(shape, saved["model"], tokenizer, kind, target)
    print(f"wrote {target}, {target.stat().st_size / 1e6:.1f} MB")
    if options.logits:
        prompt = "You are the assistant of Marlow Cycles, a bike shop in Kingsbridge. The helmet costs 45 pounds. Wifi password: tern-14 ."
        write_logits(shape, saved["model"], tokenizer, kind, prompt, Path(options.logits))
        print(f"wrote {options.logits}")


if __name__ == "__main__":
    main()
