"""Trains the demo model from nothing, or goes on from its last checkpoint.

Several worker processes share the weights in memory: each computes the gradients of its share of a step, then each
updates its share of the matrices. Between those two barriers nobody waits for anybody.
"""

import argparse
import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path

import torch
import torch.multiprocessing as processes

from business import invent
from dialogue import ANSWER, Dialogues
from model import Llama, Optimiser, Shape, parameters
from tokenizer import Tokenizer

# (row length, shortest prompt, longest prompt, share), by stage: copying first, then choosing, then length.
STAGES = [
    [(256, 60, 150, 1.0)],
    [(512, 80, 330, 0.7), (256, 60, 150, 0.3)],
    [(1024, 150, 700, 0.6), (512, 80, 330, 0.4)],
    [(2048, 400, 1500, 0.25), (1024, 150, 700, 0.4), (512, 80, 330, 0.35)],
    [(2560, 700, 2050, 0.25), (1024, 200, 800, 0.4), (512, 80, 330, 0.35)],
]
LATEST = [0.10, 0.25, 0.45, 0.62]  # a stage ends at the latest at this share of the tokens
ENOUGH = 0.95  # ... or when so many answer tokens are the first guess
WEIGHT = torch.tensor([0.0, 1.0, 0.1, 0.05, 0.5])  # of a token in the loss, by what it is
UNKNOWN_SHARE = 0.27
EVALUATED = [(150, 60), (300, 60), (700, 60), (1200, 48), (1800, 48)]  # (prompt tokens, questions)
GROUPS = ["fact", "unseen key", "unknown"]


def step_tokens(length: int) -> int:
    """Of all workers together; long rows take more, so that a step has several prompts."""
    return 8192 if length <= 1024 else 16384


class Batches:
    def __init__(self, tokenizer, seed):
        self.dialogues = Dialogues(tokenizer, seed)

    def draw(self, choice: float, stage: int, workers: int):
        """One worker's rows of a step, of one length; `choice` in [0, 1) picks the length, the same for every worker."""
        for length, shortest, longest, share in STAGES[stage]:
            choice -= share
            if choice < 0:
                break
        rng = self.dialogues.rng
        rows = []
        for _ in range(max(1, step_tokens(length) // workers // length)):
            if rng.random() < (0.12 if stage == 0 else 0.04):
                rows.append(self.dialogues.repeats(length + 1))
            else:
                rows.append(self.dialogues.row(length + 1, shortest, longest, UNKNOWN_SHARE))
        ids = torch.tensor([row[0] for row in rows])
        kinds = torch.tensor([row[1] for row in rows])[:, 1:].contiguous()
        return ids[:, :-1].contiguous(), ids[:, 1:].contiguous(), kinds, WEIGHT[kinds]


class HeldOut:
    """Held-out questions straight after their prompt; right when every token of the answer is the first guess."""

    def __init__(self, tokenizer, rank, workers):
        self.rows = []
        for bucket, (tokens, count) in enumerate(EVALUATED):
            dialogues = Dialogues(tokenizer, 7000 + tokens, held_out=True)
            for index in range(count):
                business = invent(dialogues.words, tokens, tokenizer.count)
                some = business.unanswerable if index % 5 == 4 else business.questions
                asked = dialogues.conversation(business, 1, dialogues.rng.choice(some), [])
                if index % workers == rank:
                    question = asked.question
                    group = 2 if question.kind == "unknown" else 1 if question.unseen_key else 0
                    self.rows.append((bucket, group, question.kind, asked))

    @torch.no_grad()
    def measure(self, model):
        """[bucket, group, (right, asked)], and the kinds of the wrong ones."""
        counts = torch.zeros(len(EVALUATED), len(GROUPS), 2)
        wrong = []
        for bucket, group, kind, asked in self.rows:
            ids = torch.tensor([asked.before + asked.answer])
            weight = torch.zeros(ids.shape)
            weight[:, len(asked.before) - 1 : -1] = 1
            _, _, right = model.loss(ids[:, :-1].contiguous(), ids[:, 1:].contiguous(), weight[:, :-1].contiguous())
            ok = bool(right.min())
            counts[bucket, group] += torch.tensor([float(ok), 1.0])
            if not ok:
                wrong.append(kind)
        return counts, wrong


def report(counts) -> str:
    parts = []
    for (tokens, _), bucket in zip(EVALUATED, counts.tolist()):
        shown = "/".join(f"{100 * r / n:.0f}" if n else "-" for r, n in bucket)
        parts.append(f"{tokens}: {shown}")
    return "  ".join(parts)


def learning_rate(progress: float, step: int) -> float:
    """Of the full rate: a short warm-up, then flat, then linear to 3 % over the second half."""
    return min(1.0, (step + 1) / 60) * (1.0 if progress < 0.5 else 1 - 0.97 * (progress - 0.5) / 0.5)


def worker(rank, options, model, gradients, momenta, counts, control, barrier):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(options.threads)
    tokenizer = Tokenizer.load(Path(options.out) / "tokenizer.json")
    batches = Batches(tokenizer, options.seed * 1000 + rank * 100 + int(control[1]))
    choices = torch.Generator().manual_seed(options.seed + int(control[1]))
    held_out = HeldOut(tokenizer, rank, options.workers)
    optimiser = Optimiser(model)
    optimiser.momenta = momenta
    optimiser.adam.load_state_dict(torch.load(options.adam)) if options.adam else None
    mine = [i for i in range(len(optimiser.matrices)) if i % options.workers == rank]
    log = Log(Path(options.out) / "train.log", rank == 0)
    started, last_report, last_check = time.time(), time.time(), time.time()
    seen, step, stage, entered = (int(control[i]) for i in range(4))
    accuracy, loss_mean, first = 0.0, 0.0, seen
    while seen < options.tokens and control[4] == 0:
        choice = torch.rand(1, generator=choices).item()
        ids, target, kinds, weight = batches.draw(choice, stage, options.workers)
        loss, losses, right = model.loss(ids, target, weight / (weight.sum() * options.workers))
        loss.backward()
        for shared, p in zip(gradients[rank], model.parameters()):
            shared.copy_(p.grad)
            p.grad = None
        answers = kinds.reshape(-1)[weight.reshape(-1) > 0] == ANSWER
        if answers.any():
            accuracy += 0.04 * (right[answers].float().mean().item() - accuracy)
            loss_mean += 0.04 * (losses[answers].mean().item() - loss_mean)
        control[5 + rank] = accuracy
        barrier.wait()
        factor = learning_rate(seen / options.tokens, step)
        for p, *parts in zip(model.parameters(), *gradients):
            p.grad = sum(parts[1:], parts[0].clone())
        optimiser.step(factor, mine, rank == 0)
        seen += ids.numel() * options.workers
        step += 1
        mean = control[5 : 5 + options.workers].mean().item()
        if rank == 0:
            control[:4] = torch.tensor([seen, step, stage, entered], dtype=torch.float64)
        barrier.wait()
        done = seen / options.tokens
        if stage < len(LATEST) and step - entered > 100 and (mean > ENOUGH or done > LATEST[stage]):
            stage, entered = stage + 1, step
            log(f"stage {stage} from step {step}, answer tokens {mean:.3f}")
        if rank == 0 and time.time() - last_report > 30:
            last_report = time.time()
            rate = (seen - first) / (last_report - started)
            log(
                f"{(last_report - started) / 60:.1f} min, {seen / 1e6:.2f} M tokens, stage {stage}, loss {loss_mean:.3f},"
                f" answer tokens {mean:.4f}, {rate:.0f} tokens/s"
            )
        if rank == 0:
            control[9] = float(time.time() - last_check > options.check_seconds or seen >= options.tokens)
        barrier.wait()
        if control[9]:
            mine_counts, wrong = held_out.measure(model)
            counts[rank].copy_(mine_counts)
            barrier.wait()
            if rank == 0:
                log(f"held out at {seen / 1e6:.1f} M, % exact {'/'.join(GROUPS)}:  {report(counts.sum(0))}")
                log("  wrong here: " + ", ".join(sorted(wrong)))
                save(options, model, optimiser, control)
            last_check = time.time()
            barrier.wait()
    if rank == 0:
        save(options, model, optimiser, control)
        log(f"ended after {seen / 1e6:.1f} M tokens, {(time.time() - started) / 60:.1f} min in this run")


class Log:
    def __init__(self, file, on):
        self.file, self.on = file, on

    def __call__(self, line):
        if self.on:
            print(line, flush=True)
            with self.file.open("a") as out:
                out.write(line + "\n")


def save(options, model, optimiser, control):
    """Written beside and renamed, so that an interruption leaves the checkpoint before."""
    file = Path(options.out) / "checkpoint.pt"
    torch.save(
        {
            "shape": model.shape.dict(),
            "model": model.state_dict(),
            "momenta": optimiser.momenta,
            "adam": optimiser.adam.state_dict(),
            "progress": control[:4].tolist(),
            "seed": options.seed,
        },
        file.with_suffix(".new"),
    )
    os.replace(file.with_suffix(".new"), file)


def check(options):
    faults = []
    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(out).free
    if free < 512 << 20:
        faults.append(f"{out} has {free >> 20} MiB free; training needs 512. Give another folder with --out.")
    if tuple(int(x) for x in torch.__version__.split("+")[0].split(".")[:2] if x.isdigit()) < (1, 13):
        faults.append(f"PyTorch {torch.__version__} is too old; 1.13 or newer is needed.")
    if not shutil.which("gcc"):
        print("no gcc: the fused kernels are not built, training takes about three times as long", file=sys.stderr)
    if faults:
        sys.exit("\n".join(faults))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", default="build", help="folder of tokenizer, checkpoint and log")
    parser.add_argument("--tokens", type=float, default=60e6, help="tokens to train on in all")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--threads", type=int, default=1, help="threads of each worker")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--check-seconds", type=float, default=240, help="time between evaluations and checkpoints")
    options = parser.parse_args()
    check(options)
    out = Path(options.out)
    if not (out / "tokenizer.json").exists():
        shutil.copy(Path(__file__).with_name("tokenizer.json"), out / "tokenizer.json")
    torch.manual_seed(options.seed)
    checkpoint = out / "checkpoint.pt"
    control = torch.zeros(16, dtype=torch.float64)
    options.adam = None
    if checkpoint.exists():
        saved = torch.load(checkpoint)
        model = Llama(Shape(**saved["shape"]))
        model.load_state_dict(saved["model"])
        momenta = saved["momenta"]
        control[:4] = torch.tensor(saved["progress"], dtype=torch.float64)
        options.adam = str(out / "adam.pt")
        torch.save(saved["adam"], options.adam)
        print(f"going on from {checkpoint}: {control[0] / 1e6:.1f} M tokens, stage {int(control[2])}")
    else:
        model = Llama(Shape(vocab=Tokenizer.load(out / "tokenizer.json").size))
        momenta = [torch.zeros_like(p) for p in Optimiser(model).matrices]
    print(f"{parameters(model) / 1e6:.2f} M parameters, {json.dumps(model.shape.dict())}")
    model.operations()  # builds the kernels once, before the workers start
    model.share_memory()
    gradients = [[torch.zeros_like(p).share_memory_() for p in model.parameters()] for _ in range(options.workers)]
    momenta = [m.share_memory_() for m in momenta]
    counts = torch.zeros(options.workers, len(EVALUATED), len(GROUPS), 2).share_memory_()
    control.share_memory_()
    barrier = processes.get_context("fork").Barrier(options.workers)
    signal.signal(signal.SIGTERM, lambda *_: control.__setitem__(4, 1))
    signal.signal(signal.SIGINT, lambda *_: control.__setitem__(4, 1))
    processes.start_processes(
        worker,
        args=(options, model, gradients, momenta, counts, control, barrier),
        nprocs=options.workers,
        start_method="fork",
    )
    if control[4]:
        print(f"interrupted; the same command goes on from {checkpoint}")


if __name__ == "__main__":
    main()
