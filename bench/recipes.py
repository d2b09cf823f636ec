"""What each recipe reaches on WordNet, over several seeds: the numbers of docs/recipes.md.

    cargo build --release && python3 bench/recipes.py                      all rows, three seeds, about half an hour
    cargo build --release && python3 bench/recipes.py climb:64 --seeds 1   one row

A row is RECIPE:DIM. Each is trained from every seed, and measured on all 82,115 queries over the whole corpus. Printed
are mean and worst recall in percent at each distance, the worst being over the seeds at that distance, and the seconds
of training: wall clock of the training command, which other work on the machine makes longer, and its processor time.
Only the standard library is needed.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = ROOT / "target/release/rootward"
DATA = ROOT / "data/wordnet-nouns"
ROWS = ["standard:64", "pretrain-finetune:64", "climb:64", "climb-small:32", "climb-small:16", "climb-small:8"]
DISTANCES = [str(distance) for distance in range(9)]


def run(*arguments):
    """What the program prints as JSON, and its wall and processor seconds."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.time()
    done = subprocess.run([PROGRAM, *map(str, arguments), "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode:
        sys.exit(done.stderr.decode())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return json.loads(done.stdout), time.time() - began, cpu


def measure(recipe, dim, seed, folder):
    """Recall in percent at each distance, and the seconds of training."""
    model = Path(folder) / f"{recipe}-{dim}-{seed}"
    file = ROOT / "recipes" / f"{recipe}.toml"
    _, wall, cpu = run("train", "--data", DATA, "--recipe", file, "--out", model, "--seed", seed,
                       "--set", f"encoder.dim={dim}")
    found, _, _ = run("eval", "--data", DATA, "--model", model)
    by_distance = found["recall_by_distance"]
    return [100 * by_distance[d] for d in DISTANCES] + [100 * found["recall"]], wall, cpu


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", default=ROWS, metavar="RECIPE:DIM")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    print("| recipe | d |  | " + " | ".join(DISTANCES) + " | all | train, wall s | CPU s |")
    print("|---" * (len(DISTANCES) + 6) + "|")
    with tempfile.TemporaryDirectory() as folder:
        for row in options.rows:
            recipe, dim = row.split(":")
            results = [measure(recipe, dim, seed, folder) for seed in range(1, options.seeds + 1)]
            columns = list(zip(*(recall for recall, _, _ in results)))
            walls, cpus = [wall for _, wall, _ in results], [cpu for _, _, cpu in results]
            for name, of, over in [("mean", lambda x: sum(x) / len(x), lambda x: sum(x) / len(x)), ("worst", min, max)]:
                cells = [f"{of(column):.2f}" for column in columns] + [f"{over(walls):.0f}", f"{over(cpus):.0f}"]
                print(f"| {recipe} | {dim} | {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
