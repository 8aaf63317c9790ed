"""Byte-level BPE as GGUF's `gpt2` tokenizer with the `llama-bpe` pre-tokenizer reads it.

The vocabulary is 256 bytes, then merges, then control tokens. Numbers are cut into groups of at most three digits before
merging, and merges of more than two digits are not learned: every number stays a short sequence that can be copied.
"""

import json
import random
import re
from collections import Counter, defaultdict
from pathlib import Path

BEGIN, SYSTEM, USER, ASSISTANT, END, PAD = "<|begin|>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>", "<|pad|>"
CONTROL = [BEGIN, SYSTEM, USER, ASSISTANT, END, PAD, "<|spare1|>", "<|spare2|>"]
VOCABULARY = 2048

# The published llama-bpe expression; \p{L} is [^\W\d_] and \p{N} is \d in Python's words.
_CUT = re.compile(
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|(?:[^\r\n\w]|_)?[^\W\d_]+|\d{1,3}| ?(?:[^\s\w]|_)+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


class Tokenizer:
    def __init__(self, merges: list):
        self.merges = [tuple(pair) for pair in merges]
        self.bytes_of = [bytes([i]) for i in range(256)]
        self.rank = {}
        for left, right in self.merges:
            self.rank[left, right] = len(self.bytes_of)
            self.bytes_of.append(self.bytes_of[left] + self.bytes_of[right])
        self.whole = {text: i for i, text in enumerate(self.bytes_of)}
        self.control = {name: len(self.bytes_of) + i for i, name in enumerate(CONTROL)}
        self.size = len(self.bytes_of) + len(CONTROL)
        self._words: dict = {}

    @classmethod
    def load(cls, file: Path) -> "Tokenizer":
        return cls(json.loads(file.read_text())["merges"])

    def save(self, file: Path):
        file.write_text(json.dumps({"merges": self.merges}, separators=(",", ":")))

    def encode(self, text: str) -> list:
        ids = []
        for word in _CUT.findall(text):
            known = self._words.get(word)
            if known is None:
                known = self._merge(word.encode())
                if len(self._words) < 200_000:
                    self._words[word] = known
            ids += known
        return ids

    def count(self, text: str) -> int:
        return len(self.encode(text))

    def decode(self, ids) -> str:
        return b"".join(self._bytes(i) for i in ids).decode(errors="replace")

    def _bytes(self, token: int) -> bytes:
        return self.bytes_of[token] if token < len(self.bytes_of) else CONTROL[token - len(self.bytes_of)].encode()

    def _merge(self, word: bytes) -> list:
        # A word that is a token is that token, whatever the merges say: llama-bpe ignores merges then.
        if word in self.whole:
            return [self.whole[word]]
        ids = list(word)
        while len(ids) > 1:
            best = min(zip(ids, ids[1:]), key=lambda pair: self.rank.get(pair, 1 << 30))
            merged = self.rank.get(best)
            if merged is None:
                break
            at = next(i for i in range(len(ids) - 1) if (ids[i], ids[i + 1]) == best)
            ids[at : at + 2] = [merged]
        return ids

    def pieces(self) -> list:
        """Letters of tokens, for invented words: each token is to be copied some time."""
        texts = {t.decode(errors="replace").strip() for t in self.bytes_of[256:]}
        short = [t for t in texts if t.isascii() and t.isalpha() and len(t) <= 5]
        return sorted(short) + list("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") * 2


def learn(texts, size: int = VOCABULARY) -> Tokenizer:
    """Learns merges from texts until the vocabulary has `size` tokens."""
    counts = Counter(word for text in texts for word in _CUT.findall(text))
    words = [[list(word.encode()), count] for word, count in counts.items() if count >= 2]
    texts_of = [bytes([i]) for i in range(256)]
    pairs: Counter = Counter()
    where = defaultdict(set)
    for index, (ids, count) in enumerate(words):
        for pair in zip(ids, ids[1:]):
            pairs[pair] += count
            where[pair].add(index)
    merges = []
    while len(texts_of) + len(CONTROL) < size:
        pair, _ = max(pairs.items(), key=lambda item: (item[1], item[0]))
        text = texts_of[pair[0]] + texts_of[pair[1]]
        if text.isdigit() and len(text) > 2:
            del pairs[pair]
            continue
        token = len(texts_of)
        merges.append(pair)
        texts_of.append(text)
        for index in list(where[pair]):
            ids, count = words[index]
            for old in zip(ids, ids[1:]):
                pairs[old] -= count
            at = 0
            while at < len(ids) - 1:
                if (ids[at], ids[at + 1]) == pair:
                    ids[at : at + 2] = [token]
                at += 1
            for new in zip(ids, ids[1:]):
                pairs[new] += count
                where[new].add(index)
        pairs.pop(pair, None)
    return Tokenizer(merges)


def main():
    from business import invent
    from words import Words

    rng = random.Random(1)
    words = Words(rng, False, [])
    texts = []
    for _ in range(3000):
        business = invent(words, rng.randint(60, 600), lambda text: len(text.split()))
        asked = business.questions + business.unanswerable[:4] + [business.greeting, business.thanks, business.goodbye]
        texts.append(business.prompt)
        texts += [rng.choice(q.phrasings) for q in asked] + [q.answer for q in asked]
    file = Path(__file__).parent / "tokenizer.json"
    learn(texts).save(file)
    print(f"wrote {file}")


if __name__ == "__main__":
    main()
