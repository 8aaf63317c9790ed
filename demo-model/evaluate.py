"""Asks an exported model held-out questions through Baton's engine and prints how many answers carry the exact fact.

50 invented businesses with prompts of 300 to 1,800 tokens, ten questions each: eight that the prompt answers and two
that it does not, in dialogues of one to four turns. A business's ten dialogues run as one batch behind one system KV.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from business import invent
from dialogue import Dialogues
from facts import REFUSED, UNKNOWN
from tokenizer import Tokenizer

BUSINESSES = 50
ANSWERABLE, UNANSWERABLE = 8, 2
LENGTHS = (300, 1800)
SEED = 20_260_000
RIGHT, DECLINED, WRONG, GARBLED = "right", "declined", "wrong entry", "garbled"


def questions(tokenizer):
    """(business, its ten dialogues), the same for every run."""
    shortest, longest = LENGTHS
    for index in range(BUSINESSES):
        dialogues = Dialogues(tokenizer, SEED + index, held_out=True)
        tokens = shortest + (longest - shortest) * index // (BUSINESSES - 1)
        business = invent(dialogues.words, tokens, tokenizer.count)
        rng = dialogues.rng
        asked = []
        for group, count in ((business.questions, ANSWERABLE), (business.unanswerable, UNANSWERABLE)):
            for question in some(rng, group, count):
                others = rng.sample(business.questions, 3)
                asked.append(dialogues.conversation(business, rng.randint(1, 4), question, others))
        yield business, asked


def some(rng: random.Random, group: list, count: int) -> list:
    """Questions of as many kinds as there are, so that a long list does not fill the evaluation."""
    by_kind = defaultdict(list)
    for question in group:
        by_kind[question.kind].append(question)
    kinds = list(by_kind)
    rng.shuffle(kinds)
    chosen = []
    while len(chosen) < count:
        for kind in kinds:
            if by_kind[kind] and len(chosen) < count:
                chosen.append(by_kind[kind].pop(rng.randrange(len(by_kind[kind]))))
    return chosen


def verdict(question, answer: str, prompt: str) -> str:
    """What an answer is. A wrong entry states something, and states it wrongly: the worst failure."""
    if question.value == "":
        return RIGHT if answer == question.answer else DECLINED if answer.endswith(REFUSED) else WRONG
    if question.value in answer and (question.kind == "unknown" or answer == question.answer or same_fact(question, answer)):
        return RIGHT
    if answer.endswith(UNKNOWN):
        return DECLINED
    return WRONG if answer.endswith((".", "!", "?")) else GARBLED


def same_fact(question, answer: str) -> bool:
    """Whether the answer carries the whole fact and not a longer one, such as 140 minutes for 40."""
    at = answer.index(question.value)
    before, after = answer[:at][-1:], answer[at + len(question.value) :][:1]
    return not (before.isalnum() or after.isalnum() or (after == "." and answer[at + len(question.value) + 1 :][:1].isdigit()))


def ask(baton: str, model: Path, asked: list) -> list:
    """The engine's greedy answers to a business's dialogues, in order."""
    system = asked[0].before[: common(a.before for a in asked)]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as users:
        for a in asked:
            users.write(",".join(map(str, a.before[len(system) :])) + "\n")
        users.flush()
        command = [baton, "generate", "--model", str(model), "--system-ids", ",".join(map(str, system))]
        command += ["--users", users.name, "--max-tokens", "120", "--json"]
        run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"{baton} generate failed:\n{run.stderr}")
    lines = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]
    if len(lines) != len(asked):
        sys.exit(f"{baton} generate answered {len(lines)} of {len(asked)} dialogues:\n{run.stderr}")
    return [line["text"] for line in lines]


def common(rows) -> int:
    """Tokens that all dialogues begin with: the prompt."""
    rows = list(rows)
    length = 0
    while len({row[length] for row in rows}) == 1:
        length += 1
    # The token that opens the first turn is common too; it belongs to the request.
    return length - 1


def table(title: str, results: dict, order=None):
    print(f"\n| {title} | questions | exact | wrong entry | declined or garbled |\n|---|---|---|---|---|")
    for key in order or sorted(results):
        outcomes = results[key]
        if outcomes:
            print(f"| {key} | {len(outcomes)} | {share(outcomes, RIGHT)} | {share(outcomes, WRONG)} | {share(outcomes, DECLINED, GARBLED)} |")


def share(outcomes: list, *which) -> str:
    return f"{100 * sum(o in which for o in outcomes) / len(outcomes):.1f} %"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="build/baton-demo.gguf")
    parser.add_argument("--tokenizer", default=str(Path(__file__).with_name("tokenizer.json")))
    parser.add_argument("--baton", default=str(Path(__file__).parent.parent / "baton"))
    parser.add_argument("--businesses", type=int, default=BUSINESSES, help="take only so many, spread over the lengths")
    parser.add_argument("--failures", help="write what went wrong to this file")
    options = parser.parse_args()
    tokenizer = Tokenizer.load(Path(options.tokenizer))
    by_length, by_kind, by_turn, by_group = (defaultdict(list) for _ in range(4))
    failures = []
    every = max(1, BUSINESSES // options.businesses)
    for index, (business, asked) in enumerate(questions(tokenizer)):
        if index % every:
            continue
        for a, answer in zip(asked, ask(options.baton, Path(options.model), asked)):
            outcome = verdict(a.question, answer, business.prompt)
            group = "unanswerable" if a.question.value == "" else "unseen key word" if a.question.unseen_key else "other facts"
            by_group[group].append(outcome)
            if group != "unanswerable":
                by_group["all facts"].append(outcome)
                by_length[f"{business.tokens // 300 * 300:5d} to {business.tokens // 300 * 300 + 299}"].append(outcome)
                by_turn[f"turn {a.turn}"].append(outcome)
            by_kind[a.question.kind].append(outcome)
            if outcome != RIGHT:
                failures.append({"outcome": outcome, "question": a.text, "right": a.question.answer, "answer": answer, "tokens": business.tokens, "turn": a.turn})
        print(f"{index + 1} of {BUSINESSES}: {share(by_group['all facts'], RIGHT)} exact so far", file=sys.stderr)
    table("what was asked", by_group, ["all facts", "other facts", "unseen key word", "unanswerable"])
    table("prompt tokens", by_length)
    table("turn", by_turn)
    table("kind of fact", by_kind)
    if options.failures:
        Path(options.failures).write_text("\n".join(json.dumps(f) for f in failures) + "\n")


if __name__ == "__main__":
    main()
