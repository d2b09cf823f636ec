"""One in-batch training step on two lookup tables: Rootward beside PyTorch.

What is measured. Two tables of 82,115 rows of 64 numbers, drawn from N(0, 1) and divided by 8, as large as the nouns of
WordNet. A step draws 4,096 random pairs of a query row and a document row, takes all 4,096 x 4,096 inner products,
divides them by 20, takes the softmax cross-entropy with the pair as the target [HR], and updates both tables with Adam
at rate 0.05. Drawing the pairs is part of the step.

    rootward        `cargo bench -q -p rootward --bench step -- --json`, lazy Adam
    pytorch sparse  torch.nn.Embedding(sparse=True), torch.optim.SparseAdam: touches only rows of the batch, as ours
    pytorch dense   torch.nn.Embedding, torch.optim.Adam: touches every row of both tables

Each runs in a process of its own with two threads. Its first steps are not timed. From the timed steps come

    CPU ms/step   processor time of the process, user and system, all threads together, over the number of steps
    wall ms/step  time on the clock over the number of steps
    peak MB       the most memory that the process ever held (ru_maxrss, in millions of bytes), so PyTorch's own included

The systems take turns, round after round, so that a machine that slows down slows all of them; the table shows medians
over the rounds. Losses of the first step are shown to tell that all three compute the same thing: pairs and tables are
drawn by different generators, so they agree only roughly.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROWS, DIM, BATCH, TEMPERATURE, RATE, THREADS = 82_115, 64, 4_096, 20.0, 0.05, 2
WARM_UP, STEPS = 3, 20
NUMBERS = ["cpu_ms_per_step", "wall_ms_per_step", "peak_mb", "loss_first"]
SYSTEMS = {
    "rootward": ["cargo", "bench", "-q", "-p", "rootward", "--bench", "step", "--", "--json"],
    "pytorch sparse": [sys.executable, __file__, "--run", "sparse"],
    "pytorch dense": [sys.executable, __file__, "--run", "dense"],
}


def run_pytorch(kind):
    """Trains with PyTorch in this process, and says what it took."""
    import torch
    import torch.nn.functional as F

    torch.set_num_threads(THREADS)
    torch.manual_seed(7)
    sparse = kind == "sparse"
    towers = [torch.nn.Embedding.from_pretrained(torch.randn(ROWS, DIM) / 8, freeze=False, sparse=sparse) for _ in "qx"]
    weights = [tower.weight for tower in towers]
    optimiser = torch.optim.SparseAdam(weights, lr=RATE) if sparse else torch.optim.Adam(weights, lr=RATE)
    target = torch.arange(BATCH)

    def step():
        queries, docs = (tower(torch.randint(ROWS, (BATCH,))) for tower in towers)  # (batch, dim)
        loss = F.cross_entropy(queries @ docs.T / TEMPERATURE, target)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return loss.item()

    loss_first = [step() for _ in range(WARM_UP)][0]
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(STEPS):
        step()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {
        "cpu_ms_per_step": 1e3 * cpu / STEPS,
        "wall_ms_per_step": 1e3 * wall / STEPS,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
        "loss_first": loss_first,
        "steps": STEPS,
    }


def measured(name):
    """What one system says of one run of its own."""
    threads = {variable: str(THREADS) for variable in ("RAYON_NUM_THREADS", "OMP_NUM_THREADS")}
    done = subprocess.run(SYSTEMS[name], cwd=ROOT, env=os.environ | threads, capture_output=True, text=True)
    lines = done.stdout.strip().splitlines()
    if done.returncode != 0 or not lines:
        sys.exit(f"{name} failed: {' '.join(SYSTEMS[name])}\n{done.stderr.strip()}")
    return json.loads(lines[-1])


def medians(runs):
    return {number: statistics.median(run[number] for run in runs) for number in NUMBERS}


def table(found):
    """The medians, and each system's processor time and memory in relation to ours."""
    ours = found["rootward"]
    lines = ["                CPU ms/step  wall ms/step   peak MB  first loss  CPU/ours  memory/ours"]
    for name, one in found.items():
        cpu, memory = one["cpu_ms_per_step"] / ours["cpu_ms_per_step"], one["peak_mb"] / ours["peak_mb"]
        lines.append(
            f"{name:<15} {one['cpu_ms_per_step']:>11.1f} {one['wall_ms_per_step']:>13.1f} {one['peak_mb']:>9.0f}"
            f" {one['loss_first']:>11.4f} {cpu:>9.2f} {memory:>12.2f}"
        )
    return "\n".join(lines)


def main():
    try:
        installed = f"PyTorch as installed here: pip install torch=={version('torch')}"
    except PackageNotFoundError:
        installed = "PyTorch is not installed here: pip install torch"
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=installed, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3, help="how often each system runs (default 3)")
    parser.add_argument("--json", action="store_true", help="print every run and the medians as one JSON object")
    parser.add_argument("--run", choices=["sparse", "dense"], help="one run of PyTorch, in this process")
    options = parser.parse_args()
    if options.run:
        print(json.dumps(run_pytorch(options.run)))
        return
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")

    runs = {name: [] for name in SYSTEMS}
    for turn in range(options.rounds):
        for name in SYSTEMS:
            print(f"round {turn + 1} of {options.rounds}: {name}", file=sys.stderr)
            runs[name].append(measured(name))
    found = {name: medians(of) for name, of in runs.items()}
    print(json.dumps({"medians": found, "runs": runs}) if options.json else table(found))


if __name__ == "__main__":
    main()
