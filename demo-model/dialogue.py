"""Dialogues as token rows: <|begin|><|system|>prompt<|end|> then <|user|>question<|end|><|assistant|>answer<|end|> ..."""

import random
from dataclasses import dataclass

from business import invent
from tokenizer import ASSISTANT, BEGIN, END, SYSTEM, USER, Tokenizer
from words import Words

# What a token is, for its weight in the loss.
NONE, ANSWER, PROMPT, QUESTION, REPEAT = range(5)

_BEFORE = ["Hi, ", "Hello! ", "Please tell me: ", "Quick question. ", "Excuse me, "]


@dataclass
class Asked:
    """A question as it was put, with the tokens before the answer and the answer's tokens."""

    question: object
    text: str
    turn: int
    before: list
    answer: list


class Dialogues:
    """Draws rows of one side, training or held out."""

    def __init__(self, tokenizer: Tokenizer, seed: int, held_out: bool = False):
        self.tokenizer = tokenizer
        self.rng = random.Random(seed)
        self.words = Words(self.rng, held_out, tokenizer.pieces())
        control = tokenizer.control
        self.begin, self.system, self.user = control[BEGIN], control[SYSTEM], control[USER]
        self.assistant, self.end = control[ASSISTANT], control[END]

    def phrase(self, question) -> str:
        rng = self.rng
        text = rng.choice(question.phrasings)
        if rng.random() < 0.1:
            text = text.lower()
        if rng.random() < 0.08 and text.endswith("?"):
            text = text[:-1]
        if rng.random() < 0.1 and question.kind not in ("greeting", "thanks", "goodbye"):
            text = rng.choice(_BEFORE) + text
        return text

    def head(self, prompt: str) -> list:
        return [self.begin, self.system, *self.tokenizer.encode(prompt), self.end]

    def turn(self, text: str) -> list:
        return [self.user, *self.tokenizer.encode(text), self.end, self.assistant]

    def answer(self, text: str) -> list:
        return [*self.tokenizer.encode(text), self.end]

    def row(self, length: int, shortest: int, longest: int, unknown: float):
        """A training row: one prompt, then turns until `length` tokens. Returns tokens and what each is."""
        rng = self.rng
        business = invent(self.words, rng.randint(shortest, longest), self.tokenizer.count)
        tokens = self.head(business.prompt)
        kinds = [PROMPT] * len(tokens)
        known, absent = list(business.questions), list(business.unanswerable)
        rng.shuffle(known)
        rng.shuffle(absent)
        opening = rng.random() < 0.25
        while len(tokens) < length:
            way = rng.random()
            if opening:
                question, opening = business.greeting, False
            elif way < 0.03:
                question = rng.choice([business.thanks, business.goodbye, business.greeting])
            elif absent and (way < 0.03 + unknown or not known):
                question = absent.pop()
            else:
                if not known:
                    known = list(business.questions)
                    rng.shuffle(known)
                question = known.pop()
            asked = self.turn(self.phrase(question))
            said = self.answer(question.answer)
            tokens += asked + said
            kinds += [QUESTION] * len(asked) + [ANSWER] * len(said)
        return tokens[:length], kinds[:length]

    def repeats(self, length: int):
        """Random tokens that repeat: where copying is learned first."""
        rng = self.rng
        count = rng.randint(15, 60)
        source = [rng.randrange(256, self.tokenizer.size) for _ in range(count)]
        tokens, kinds = list(source), [PROMPT] * count
        while len(tokens) < length:
            at = rng.randrange(count - 8)
            part = source[at : at + rng.randint(8, count)]
            tokens += part
            kinds += [NONE, NONE] + [REPEAT] * (len(part) - 2)
        return tokens[:length], kinds[:length]

    def conversation(self, business, turns: int, last, fillers) -> Asked:
        """A dialogue whose last question is `last`, after `turns` - 1 others that were answered rightly."""
        tokens = self.head(business.prompt)
        for question in fillers[: turns - 1]:
            tokens += self.turn(self.phrase(question)) + self.answer(question.answer)
        text = self.phrase(last)
        return Asked(last, text, turns, tokens + self.turn(text), self.answer(last.answer))
