"""What every method finds for queries nobody has seen, on four data sets: the tables of docs/text.md.

    cargo build --release
    python3 bench/texts.py --out DIR --clinc150 FOLDER --medquad FOLDER --mesh FOLDER [--transformer FOLDER]

The folders are data sets of BEIR with a hierarchy; WordNet, with a tenth of its leaves taken out, is made of
data/wordnet-nouns. A data set whose folder is not given is left out, and so is what needs a Transformer. Trained are the
recipes text-standard, text-pretrain-finetune and text-climb with the built-in static model, and on CLINC150
transformer-standard and transformer-climb, each with seeds 1 to N (`--seeds`, 3). `rootward baselines` then measures all
models beside popularity, BM25, encoders as they are, and each with its ancestors looked up, and tests the differences.

Stop whenever you like: the same command goes on, with the very step at which it was stopped. Written are the models, the
JSON of `rootward baselines`, and table.md: recall in percent, mean over the seeds, and of climb against each row the
greatest p over the seeds (paired randomisation by query, corrected by Holm for the rows of the table). Only the standard
library is needed.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = ROOT / "target/release/rootward"
# Answers to questions about diseases that training has not seen: all must be encoded, and word for word as far as possible.
ENCODED = ['encoder.towers=one', 'encoder.documents={kind="encoded"}', "encoder.body.pairs=0"]
NEAR_THE_START = ['encoder.head={dim=128, speed=2.0}', "stages.0.rate.start=0.001", "stages.0.epochs=4"]
SHOWN = 9

# For each data set its recipes, each with what is changed in it.
STATIC = {name: [] for name in ("text-standard", "text-pretrain-finetune", "text-climb")}
PLANS = {
    "clinc150": STATIC | {"transformer-standard": [], "transformer-climb": []},
    "medquad": {
        "text-standard": ENCODED,
        "text-pretrain-finetune": ENCODED,
        "text-climb": ENCODED + NEAR_THE_START + [
            "stages.0.negatives.uniform=512",
            "stages.0.negatives.mined={each=4, every=24, among=20, margin=-2.0}",
        ],
    },
    "mesh": STATIC,
    "wordnet-leaves": {
        "text-standard": ["stages.0.epochs=2"],
        "text-pretrain-finetune": ["stages.0.epochs=2"],
        "text-climb": ["stages.0.epochs=4"],
    },
}


def rootward(*arguments, quiet=True):
    """Runs the program; what it prints."""
    line = [PROGRAM, *map(str, arguments)]
    done = subprocess.run(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE if quiet else None)
    if done.returncode:
        sys.exit((done.stderr or b"").decode() or f"rootward {arguments[0]} failed")
    return done.stdout


def train(data, recipe, changes, seed, transformer, model):
    """Trains what is not trained yet; the seconds of this run are added to those of runs before it."""
    clock = model.with_suffix(".seconds")
    if (model / "config.json").exists():
        return
    settings = list(changes) + ([f"encoder.body.from={transformer}"] if recipe.startswith("transformer") else [])
    line = ["train", "--data", data, "--recipe", ROOT / "recipes" / f"{recipe}.toml", "--seed", seed, "--out", model]
    line += [word for setting in settings for word in ("--set", setting)]
    before = float(clock.read_text()) if clock.exists() else 0.0
    began = time.time()
    try:
        rootward(*line, *(["--resume"] if model.exists() else []), quiet=False)
    finally:
        clock.write_text(f"{before + time.time() - began:.1f}\n")


def measure(name, data, models, transformer, out):
    """The JSON of `rootward baselines` over all models."""
    path = out / f"{name}.json"
    newest = max((model / "config.json").stat().st_mtime for model in models)
    if not path.exists() or path.stat().st_mtime < newest:
        line = ["baselines", "--data", data, "--zero-shot", "builtin", "--json"]
        if transformer and "transformer-climb" in PLANS[name]:
            line += ["--zero-shot", transformer]
        found = rootward(*line, *(word for model in models for word in ("--model", model)), quiet=False)
        path.with_suffix(".part").write_bytes(found)
        path.with_suffix(".part").rename(path)
    return json.loads(path.read_text())


def method(row):
    """The name of a row without its seed."""
    name, _, look_up = row.partition(", look-up")
    recipe, _, seed = name.rpartition("-")
    return (recipe if seed.isdigit() else name) + (", look-up" if row.endswith("look-up") else "")


def table(name, found, out):
    """Rows of Markdown, a method in each."""
    methods = {}
    for row in found["rows"]:
        methods.setdefault(method(row["name"]), []).append(row)
    distances = sorted({int(d) for row in found["rows"] for d in row["recall_by_distance"]})[:SHOWN]
    ours = "transformer-climb" if "transformer-climb" in methods else "text-climb"
    lines = [f"## {name}: {found['queries']:,} queries, {found['pairs']:,} pairs", ""]
    heads = [*map(str, distances), "all", "sets", "nDCG@10", "training, s", f"{ours} over it, p"]
    lines.append("| recall % | " + " | ".join(heads) + " |")
    lines.append("|---" * (len(distances) + 6) + "|")
    others = {each: {row["name"] for row in rows} for each, rows in methods.items() if each != ours}
    differences = {each: difference(found, ours, names) for each, names in others.items()}
    points = {each: mean for each, (mean, _) in differences.items()}
    ps = holm({each: p for each, (_, p) in differences.items()})
    for each, rows in methods.items():
        at = lambda row, distance: 100 * row["recall_by_distance"].get(str(distance), 0)
        cells = [[at(row, distance) for row in rows] for distance in distances]
        cells.append([100 * row["recall"] for row in rows])
        cells.append([100 * row["exact_sets"] for row in rows])
        shown = [f"{statistics.mean(cell):.1f}" for cell in cells]
        if len(rows) > 1:
            shown[-2] += f" ± {statistics.stdev(cells[-2]):.1f}"
        shown.append(f"{statistics.mean(row['ndcg@10'] for row in rows):.3f}")
        clocks = [out / name / f"{row['name']}.seconds" for row in rows]
        seconds = [float(clock.read_text()) for clock in clocks if clock.exists()]
        shown.append(f"{statistics.mean(seconds):.0f}" if seconds else "")
        shown.append("" if each == ours else f"{points[each]:+.1f}, {ps[each]:.4f}")
        lines.append(f"| {each} | " + " | ".join(shown) + " |")
    return "\n".join(lines) + "\n"


def holm(ps):
    """Each p, corrected for the number of all [Holm 1979]."""
    corrected, least = {}, 0.0
    for place, (name, p) in enumerate(sorted(ps.items(), key=lambda item: item[1])):
        least = max(least, min(1.0, (len(ps) - place) * p))
        corrected[name] = least
    return corrected


def difference(found, ours, others):
    """Mean difference in points of climb over other rows, over all seeds, and the greatest p."""
    points, ps = [], []
    for tested in found["differences"]:
        of, other, sign = tested["of"], tested["and"], 1
        if method(other) == ours:
            of, other, sign = other, of, -1
        if method(of) == ours and other in others:
            points.append(100 * sign * tested["mean"])
            ps.append(tested["p"])
    return statistics.mean(points), max(ps)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--transformer", type=Path, help="folder of a model such as all-MiniLM-L6-v2")
    for name in ("clinc150", "medquad", "mesh"):
        parser.add_argument(f"--{name}", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    out = options.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    leaves = out / "leaves"
    if not (leaves / "qrels" / "test.tsv").exists():
        rootward("split", ROOT / "data/wordnet-nouns", "--leaves", "--dev", "0.02", "--test", "0.1", "--out", leaves)
    folders = {name: getattr(options, name) for name in ("clinc150", "medquad", "mesh")} | {"wordnet-leaves": leaves}
    tables = []
    for name, data in folders.items():
        if data is None:
            continue
        (out / name).mkdir(exist_ok=True)
        models = []
        for seed in range(1, options.seeds + 1):
            for recipe, changes in PLANS[name].items():
                if recipe.startswith("transformer") and not options.transformer:
                    continue
                models.append(out / name / f"{recipe}-{seed}")
                train(data, recipe, changes, seed, options.transformer, models[-1])
        tables.append(table(name, measure(name, data, models, options.transformer, out), out))
        (out / "table.md").write_text("\n".join(tables))
        print(tables[-1], flush=True)


if __name__ == "__main__":
    main()
